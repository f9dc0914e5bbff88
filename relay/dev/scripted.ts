import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import ssh2, { type AuthContext, type Connection } from 'ssh2';
import type { Fault } from './faults.ts';
import { type KeyPair, makeKey, makeKeys } from './keys.ts';
import { pinOf, type SftpServer, sftpUrl } from './server.ts';
import { serveFiles } from './sftp-files.ts';

export interface ScriptedServer extends SftpServer {
  password: string;
  /** What goes wrong from now on; null for nothing. */
  setFault(fault: Fault | null): Promise<void>;
  /** What happened, in order: logins by method, requests by name. */
  log: string[];
  /** Every credential that was shown to it. */
  shown: string[];
  /** How many are connected now. */
  connections(): number;
}

export interface ScriptedOptions {
  folder: string;
  port: number;
  password?: string;
  username?: string;
  /** Which logins it takes; password and public key unless told. */
  methods?: ('password' | 'publickey' | 'keyboard-interactive')[];
  /** Each of `methods` is needed, one after the other. */
  all?: boolean;
  /** What keyboard-interactive asks for, round by round. */
  prompts?: { prompt: string; echo: boolean }[][];
  hostKeys?: KeyPair[];
  user?: KeyPair;
  algorithms?: object;
  ident?: string;
}

/** The server of the `ssh2` package over a folder, with faults to order. Its root is the folder. */
export async function startScriptedServer(options: ScriptedOptions): Promise<ScriptedServer> {
  const hostKeys = options.hostKeys ?? makeKeys().hostKeys;
  const user = options.user ?? makeKey();
  const otherKeys = [makeKey('ed25519')];
  const username = options.username ?? 'crosswalk';
  const password = options.password ?? 'p@ss/w:ö?d';
  const log: string[] = [];
  const shown: string[] = [];
  const sockets = new Set<Socket>();
  let fault: Fault | null = null;
  let listener: Server | null = null;
  let port = options.port;

  const onSocket = (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    if (fault?.kind === 'hang') return;
    const keys = fault?.kind === 'other-host-key' ? otherKeys : hostKeys;
    const server = new ssh2.Server(
      {
        hostKeys: keys.map((key) => key.privateKey),
        ...(options.ident === undefined ? {} : { ident: options.ident }),
        ...(options.algorithms ? { algorithms: options.algorithms } : {}),
      },
      (connection) => {
        connection.on('error', () => undefined);
        authenticate(connection);
        connection.on('session', (accept) => {
          const session = accept();
          session.on('sftp', (acceptSftp) =>
            serveFiles(acceptSftp(), options.folder, () => fault, log, socket),
          );
        });
      },
    );
    server.injectSocket(socket);
  };

  const authenticate = (connection: Connection) => {
    const methods = options.methods ?? ['password', 'publickey'];
    const done = new Set<string>();
    connection.on('authentication', (context) => {
      const method = context.method;
      log.push(`auth ${method}`);
      const left = () => methods.filter((one) => !options.all || !done.has(one));
      const refuse = () => context.reject(left());
      const take = () => {
        done.add(method);
        if (!options.all || left().length === 0) return context.accept();
        return context.reject(left(), true);
      };
      if (context.username !== username || !(methods as string[]).includes(method)) return refuse();
      check(context, take, refuse);
    });
  };

  const check = (context: AuthContext, take: () => void, refuse: () => void) => {
    if (context.method === 'password') {
      shown.push(context.password);
      if (fault?.kind === 'wrong-password' || context.password !== password) return refuse();
      return take();
    }
    if (context.method === 'publickey') {
      const known = ssh2.utils.parseKey(user.publicKey);
      if (known instanceof Error) throw known;
      shown.push('public key');
      if (!context.key.data.equals(known.getPublicSSH())) return refuse();
      if (context.signature === undefined || context.blob === undefined) return context.accept();
      return known.verify(context.blob, context.signature, context.hashAlgo) === true ? take() : refuse();
    }
    if (context.method !== 'keyboard-interactive') return refuse();
    const rounds = [...(options.prompts ?? [[{ prompt: 'Password: ', echo: false }]])];
    const ask = () => {
      const round = rounds.shift();
      if (!round) return take();
      context.prompt(round, (answers) => {
        shown.push(...answers);
        if (round.length > 0 && answers[0] !== password) return refuse();
        ask();
      });
    };
    ask();
  };

  const listen = async () => {
    if (listener) return;
    const server = createServer(onSocket);
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    port = address.port;
    listener = server;
  };
  const kill = async () => {
    for (const socket of sockets) socket.destroy();
    const server = listener;
    listener = null;
    if (!server) return;
    server.close();
    await once(server, 'close');
  };
  await listen();
  const server = {
    software: 'ssh2',
    host: '127.0.0.1',
    port,
    username,
    password,
    privateKey: user.privateKey,
    hostKeys: hostKeys.map(pinOf),
    directory: '/',
    folder: options.folder,
  };
  return {
    ...server,
    url: sftpUrl(server),
    log,
    shown,
    connections: () => sockets.size,
    kill,
    restart: listen,
    stop: kill,
    async setFault(next) {
      fault = next;
      if (next?.kind === 'refuse') await kill();
      else await listen();
    },
  };
}
