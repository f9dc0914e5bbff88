/** What can go wrong on a customer's server, to order. */
export type Fault =
  /** Nothing listens. */
  | { kind: 'refuse' }
  /** Takes the connection and never says a word. */
  | { kind: 'hang' }
  | { kind: 'wrong-password' }
  | { kind: 'other-host-key' }
  /** Every write from this offset on fails, as on a full disk. */
  | { kind: 'disk-full'; afterBytes: number }
  /** Every write from this offset on is acknowledged and forgotten. */
  | { kind: 'lost-writes'; afterBytes: number }
  | { kind: 'close-error' }
  /** The connection breaks off there. */
  | { kind: 'drop'; afterBytes: number }
  /** As `drop`, but at the end: after the rename was done, before its answer. */
  | { kind: 'drop-after-rename' }
  | { kind: 'no-rename' }
  | { kind: 'no-posix-rename' }
  /** OPEN is refused with this status: 3 permission denied, 2 no such folder. */
  | { kind: 'no-open'; status: 2 | 3 }
  /** Longer writes fail. */
  | { kind: 'write-limit'; bytes: number }
  /** More requests than this at once fail. */
  | { kind: 'few-at-once'; requests: number }
  /** Each write is answered so much later. */
  | { kind: 'slow'; bytesPerSecond: number }
  /** Takes the file away as soon as it is closed. */
  | { kind: 'drop-box' }
  /** Puts this text in the message of every refused write. */
  | { kind: 'talkative'; text: string };
