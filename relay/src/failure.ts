/** Where a put or a probe ended; see CONTRACT.md. */
export type Phase =
  | 'source'
  | 'resolve'
  | 'connect'
  | 'handshake'
  | 'hostkey'
  | 'auth'
  | 'open'
  | 'write'
  | 'close'
  | 'verify'
  | 'rename';

export interface HostKey {
  type: string;
  /** As `ssh-keygen -l` prints it. */
  fingerprint: string;
}

export interface FailureDetails {
  /** The same request may work later without anyone's doing. */
  retry: boolean;
  timeout?: boolean;
  /** The final name may hold the whole file though no answer says so. */
  uncertain?: boolean;
  /** The SFTP status code that the server gave. */
  status?: number;
  offered?: HostKey;
  pinned?: HostKey[];
}

/** What went wrong with the destination or the source, for the answer. The message holds no secret. */
export class Failure extends Error {
  override name = 'Failure';
  readonly phase: Phase;
  readonly code: string;
  readonly details: FailureDetails;

  constructor(phase: Phase, code: string, message: string, details: FailureDetails) {
    super(message);
    this.phase = phase;
    this.code = code;
    this.details = details;
  }
}

/** Makes what a server said fit to be told: short, on one line, without any of `secrets`. */
export function quote(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) {
    for (const part of [secret, ...secret.split('\n')]) {
      if (part.length > 0) clean = clean.replaceAll(part, '***');
    }
  }
  clean = clean.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim();
  return clean.length > 200 ? `${clean.slice(0, 199)}…` : clean;
}
