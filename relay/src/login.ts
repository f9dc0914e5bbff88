import ssh2, { type AnyAuthMethod, type ParsedKey } from 'ssh2';
import type { PutEnvelope } from './envelope.ts';
import { Failure, quote } from './failure.ts';

/** What a login has come to, for evidence and for the refusal. */
export interface Login {
  /** The handler that ssh2 asks for the next method. */
  next: (
    left: string[] | null,
    partial: boolean | null,
    callback: (method: AnyAuthMethod | false) => void,
  ) => void;
  /** The methods that were accepted or tried last, for evidence. */
  current: string | null;
  /** What to say when no method is left. */
  failure(): Failure;
}

type Method = 'publickey' | 'password' | 'keyboard-interactive';

/**
 * Private key, then password, then keyboard-interactive, as far as the server says that it takes them; after
 * a partial success the next that it asks for. The password answers one prompt that hides what is typed, once:
 * to anything else, such as a second factor or a new password, there is no answer.
 */
export function planLogin(envelope: PutEnvelope, secrets: readonly string[]): Login {
  const { username, password } = envelope;
  const key = envelope.privateKey === undefined ? null : readKey(envelope);
  const methods: Method[] = [];
  if (key) methods.push('publickey');
  if (password !== undefined) methods.push('password', 'keyboard-interactive');
  const tried: Method[] = [];
  let taken: string[] = [];
  let prompted: string | null = null;

  const login: Login = {
    current: null,
    next(left, _partial, callback) {
      if (left) taken = left;
      const method = methods.find((one) => !tried.includes(one) && (!left || left.includes(one)));
      if (method === undefined) return callback(false);
      tried.push(method);
      login.current = method;
      if (method === 'publickey' && key) return callback({ type: 'publickey', username, key });
      if (method === 'password' && password !== undefined)
        return callback({ type: 'password', username, password });
      let answered = false;
      return callback({
        type: 'keyboard-interactive',
        username,
        prompt(_name, _instructions, _language, prompts, finish) {
          const [only] = prompts;
          if (!answered && prompts.length === 1 && only?.echo === false && password !== undefined) {
            answered = true;
            return finish([password]);
          }
          prompted ??= quote(only?.prompt ?? '', secrets);
          // An empty answer is a refusal that the server can log; the credentials stay here.
          return finish(prompts.map(() => ''));
        },
      });
    },
    failure() {
      if (prompted !== null) {
        return new Failure(
          'auth',
          'prompt_unknown',
          `The server asks "${prompted}", which only a person can answer: give the hub a login without a second factor.`,
          { retry: false },
        );
      }
      const takes =
        taken.length > 0 ? ` It takes ${taken.map((name) => quote(name, secrets)).join(', ')}.` : '';
      return new Failure(
        'auth',
        'login_refused',
        `The server refused the login; tried ${tried.join(', ') || 'none'}.${takes} Check the user name and the password or key.`,
        { retry: false },
      );
    },
  };
  return login;
}

function readKey(envelope: PutEnvelope): ParsedKey {
  const parsed = ssh2.utils.parseKey(envelope.privateKey ?? '', envelope.passphrase);
  // An OpenSSH file can hold several; the first is the one that everyone uses.
  const key: ParsedKey | Error | undefined = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key === undefined || key instanceof Error || !key.isPrivateKey()) {
    throw new Failure(
      'auth',
      'key_unreadable',
      'The private key cannot be read: it is none in OpenSSH, PEM or PPK form, or its passphrase is missing or wrong.',
      { retry: false },
    );
  }
  const sign = key.sign.bind(key);
  // ssh2 falls back to SHA-1 where a server does not say which signatures it takes.
  key.sign = ((data: Buffer, algorithm?: string) =>
    algorithm === 'sha1'
      ? new Error('The server takes RSA signatures with SHA-1 only.')
      : sign(data, algorithm)) as typeof key.sign;
  return key;
}
