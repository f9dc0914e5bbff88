import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';

export interface Tls {
  port: number;
  /** The certificate that clients are told to trust. */
  caFile: string;
  close(): Promise<void>;
}

/**
 * TLS in front of a hub, every byte as it is: clients send other payloads over it than over plain HTTP, and
 * rclone uploads in one piece over it alone.
 */
export async function startTls(hubUrl: string, folder: string): Promise<Tls> {
  const [keyFile, caFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const names = 'subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:private-clients.localhost';
  const request = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
  ];
  const files = ['-keyout', keyFile, '-out', caFile];
  execFileSync('openssl', [...request, '-subj', '/CN=localhost', '-addext', names, ...files], {
    stdio: 'pipe',
  });
  const { hostname, port } = new URL(hubUrl);
  const server = createServer({ key: readFileSync(keyFile), cert: readFileSync(caFile) }, (client) => {
    const hub = connect(Number(port), hostname);
    const end = () => {
      hub.destroy();
      client.destroy();
    };
    for (const socket of [client, hub]) socket.on('error', end);
    client.pipe(hub).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    caFile,
    close: () => new Promise((closed) => server.close(() => closed())),
  };
}
