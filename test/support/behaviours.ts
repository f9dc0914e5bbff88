import type { ServerResponse } from 'node:http';
import { until } from './client.ts';
import type { Received } from './receiver.ts';

/** What a receiver does with a request that it has read whole. */
export type Behaviour = (request: Received, response: ServerResponse) => void;

/** Answers so, with these headers. */
export const answers =
  (status: number, headers: Record<string, string> = {}): Behaviour =>
  (_, response) => {
    response.writeHead(status, headers);
    response.end(status === 204 || status === 304 ? undefined : `status ${status}`);
  };

/** Takes the request and never says a word. */
export const hangs: Behaviour = () => undefined;

/** Answers 200 at once, and then a byte a second. */
export const drips: Behaviour = (_, response) => {
  response.writeHead(200);
  const drip = setInterval(() => response.write('.'), 1_000);
  response.on('close', () => clearInterval(drip));
};

/** Begins to answer, and never comes to the end of its headers. */
export const dripsHeaders: Behaviour = (_, { socket }) => {
  socket?.write('HTTP/1.1 200 OK\r\n');
  const drip = setInterval(() => socket?.write('x: y\r\n'), 1_000);
  socket?.on('close', () => clearInterval(drip));
};

/** Says every few milliseconds that an answer will come. */
export const hintsForEver: Behaviour = (_, { socket }) => {
  const hint = setInterval(
    () => socket?.write('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'.repeat(10)),
    5,
  );
  socket?.on('close', () => clearInterval(hint));
  socket?.on('error', () => clearInterval(hint));
};

/** Answers 200 with a gigabyte. */
export const floods: Behaviour = (_, response) => {
  let left = 1_000_000_000;
  response.writeHead(200, { 'content-length': String(left) });
  const part = Buffer.alloc(65_536, 'x');
  const more = () => {
    while (left > 0 && !response.destroyed) {
      left -= part.length;
      if (!response.write(left < 0 ? part.subarray(0, part.length + left) : part)) return;
    }
    if (left <= 0) response.end();
  };
  response.on('drain', more);
  more();
};

/** Breaks the connection instead of an answer. */
export const resets: Behaviour = (_, response) => {
  response.socket?.resetAndDestroy();
};

/** Promises a hundred bytes, sends ten, and closes. */
export const cutsOff: Behaviour = (_, response) => {
  response.writeHead(200, { 'content-length': '100' });
  response.write('0123456789', () => response.socket?.destroy());
};

/** Redirects to itself, for ever. */
export const redirectsToItself: Behaviour = (request, response) => {
  response.writeHead(302, { location: request.path });
  response.end();
};

/** Writes these bytes instead of an answer, and closes. */
export const says =
  (bytes: string | Buffer): Behaviour =>
  (_, response) => {
    response.socket?.end(bytes);
  };

export type Holder = ReturnType<typeof holder>;

/** An attempt may take fifteen seconds, of which a receiver that stalls sees less: sooner no hub may give up. */
const heldAtLeastMs = 5_000;

/** Holds each answer until it is let go; counts what it holds, and what the hub gave up waiting for in its time. */
export function holder() {
  const held: (() => void)[] = [];
  let open = 0;
  const counted = { most: 0, letGo: false, givenUp: 0 };
  const behaviour: Behaviour = (_, response) => {
    counted.most = Math.max(counted.most, ++open);
    const sinceMs = Date.now();
    let isOpen = true;
    const close = () => {
      if (isOpen) open--;
      isOpen = false;
    };
    response.once('close', () => {
      if (!response.writableFinished && Date.now() - sinceMs > heldAtLeastMs) counted.givenUp++;
      close();
    });
    const end = () => {
      close();
      response.end('ok');
    };
    if (counted.letGo) end();
    else held.push(end);
  };
  const letGo = () => {
    counted.letGo = true;
    for (const end of held.splice(0)) end();
  };
  return { behaviour, counted, letGo };
}

/**
 * Tells a story in which answers are held, and tells it anew where it fails because a busy machine held one until
 * the hub rightly gave it up, to send it again: that story is another one.
 */
export async function tellHeld(story: (hold: () => Holder) => Promise<void>): Promise<void> {
  for (let left = 3; ; left--) {
    const holders: Holder[] = [];
    const hold = () => {
      const one = holder();
      holders.push(one);
      return one;
    };
    try {
      return await story(hold);
    } catch (error) {
      for (const { letGo } of holders) letGo();
      // What the hub has given up may be told a moment later than what followed from it.
      const wasGivenUp = await until(
        async () => holders.some(({ counted }) => counted.givenUp > 0),
        Boolean,
        2,
      ).catch(() => false);
      if (left === 0 || !wasGivenUp) throw error;
    }
  }
}
