import type { Socket } from 'node:net';
import ssh2, { type SFTPWrapper } from 'ssh2';
import type { Deadline } from './deadline.ts';

const { STATUS_CODE } = ssh2.utils.sftp;

/** Windows servers fail writes of more than 100 KiB, whatever they say that they take; 32 KiB is what RFC drafts promise. */
const longestPacket = 32_768;
/** Of a WRITE, beside handle and data: length, type, id, and the lengths of handle and data, and the offset. */
const overhead = 25;
/** What OpenSSH's own client keeps in flight; more is held back by the channel's window of 2 MiB anyway. */
const widths = [64, 8, 1] as const;

interface Write {
  buffer: Buffer;
  length: number;
  position: number;
  /** The width when it was sent. */
  width: number;
}

/**
 * Keeps up to 64 writes in flight and checks the status of each. A server that fails writes which overlap gets
 * them again, 8 and then 1 at a time: a write names its offset, so repeating one changes nothing.
 * Its buffers, at most 2 MiB, are its only memory and are used again.
 */
export class WriteWindow {
  readonly chunkBytes: number;
  /** Bytes whose writes the server acknowledged. */
  acknowledged = 0;
  readonly #sftp: SFTPWrapper;
  readonly #handle: Buffer;
  readonly #socket: Socket;
  readonly #deadline: Deadline;
  readonly #onError: (error: Error & { code?: number }) => unknown;
  readonly #free: Buffer[] = [];
  readonly #again: Write[] = [];
  #made = 0;
  #inFlight = 0;
  #width: number = widths[0];
  #corked = false;
  #wake: (() => void) | null = null;

  constructor(
    sftp: SFTPWrapper,
    handle: Buffer,
    socket: Socket,
    deadline: Deadline,
    onError: (error: Error & { code?: number }) => unknown,
  ) {
    this.#sftp = sftp;
    this.#handle = handle;
    this.#socket = socket;
    this.#deadline = deadline;
    this.#onError = onError;
    // A write in one SSH packet: one byte more would cost a second, nearly empty one.
    this.chunkBytes = longestPacket - overhead - handle.length;
  }

  /** A buffer of `chunkBytes` to fill, as soon as the window has room for it. */
  async take(): Promise<Buffer> {
    while (this.#inFlight + this.#again.length >= this.#width || this.#again.length > 0) await this.#change();
    const buffer = this.#free.pop();
    if (buffer) return buffer;
    this.#made += 1;
    return Buffer.allocUnsafeSlow(this.chunkBytes);
  }

  send(buffer: Buffer, length: number, position: number): void {
    this.#put({ buffer, length, position, width: this.#width });
  }

  /** Resolves when every write was acknowledged. */
  async flush(): Promise<void> {
    while (this.#inFlight + this.#again.length > 0) await this.#change();
  }

  #change(): Promise<void> {
    return this.#deadline.race(
      new Promise<void>((resolve) => {
        this.#wake = resolve;
      }),
    );
  }

  #put(write: Write): void {
    this.#inFlight += 1;
    // One packet to the kernel for what is sent in one go: ssh2 writes each packet in three pieces.
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        this.#socket.uncork();
      });
    }
    this.#sftp.write(this.#handle, write.buffer, 0, write.length, write.position, (error) => {
      this.#inFlight -= 1;
      if (error) this.#failed(write, error);
      else {
        this.acknowledged += write.length;
        this.#free.push(write.buffer);
      }
      while (this.#again.length > 0 && this.#inFlight < this.#width) {
        const next = this.#again.shift();
        if (next) this.#put({ ...next, width: this.#width });
      }
      const wake = this.#wake;
      this.#wake = null;
      wake?.();
    });
  }

  #failed(write: Write, error: Error & { code?: number | string }): void {
    const narrower = widths.find((width) => width < write.width);
    if (error.code !== STATUS_CODE.FAILURE || narrower === undefined) {
      this.#deadline.break(this.#onError(error as Error & { code?: number }));
      return;
    }
    this.#width = Math.min(this.#width, narrower);
    this.#again.push(write);
  }
}
