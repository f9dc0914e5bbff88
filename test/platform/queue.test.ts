import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Logger } from '../../src/platform/log.ts';
import { ack, consume, createSender, type MessageOutcome } from '../../src/platform/queue.ts';

function recordingLog(): Logger & { lines: string[] } {
  const lines: string[] = [];
  const write = (event: string, fields: object) => lines.push(JSON.stringify({ event, ...fields }));
  return {
    lines,
    line: (event, fields = {}) => write(event, fields),
    error: (event, _, fields = {}) => write(event, fields),
  };
}

interface SentBatch {
  bodies: unknown[];
  delaySeconds: number | undefined;
}

function fakeQueue(sendBatch?: () => Promise<void>): { queue: Queue; sent: SentBatch[] } {
  const sent: SentBatch[] = [];
  const queue = {
    sendBatch: async (messages: { body: unknown }[], options: { delaySeconds?: number }) => {
      await sendBatch?.();
      sent.push({ bodies: messages.map(({ body }) => body), delaySeconds: options.delaySeconds });
    },
  };
  return { queue: queue as unknown as Queue, sent };
}

describe('a sender', () => {
  it('sends in hundreds, which is what a queue takes at once', async () => {
    const { queue, sent } = fakeQueue();
    const messages = Array.from({ length: 250 }, (_, n) => ({ n }));
    await createSender(queue, recordingLog(), { fault: null }).send(messages, { delaySeconds: 5 });
    expect(sent.map(({ bodies }) => bodies.length)).toEqual([100, 100, 50]);
    expect(sent.flatMap(({ bodies }) => bodies)).toEqual(messages);
    expect(sent.every(({ delaySeconds }) => delaySeconds === 5)).toBe(true);
  });

  it('sends nothing for nothing', async () => {
    const { queue, sent } = fakeQueue();
    await createSender(queue, recordingLog(), { fault: null }).send([]);
    expect(sent).toEqual([]);
  });

  it('never throws: the sweeper finds what was not sent, and the log says so', async () => {
    const { queue } = fakeQueue(async () => {
      throw new Error('overloaded, at https://secret.example');
    });
    const log = recordingLog();
    await createSender(queue, log, { fault: null }).send([{ n: 1 }]);
    expect(log.lines).toEqual(['{"event":"queue.send_failed","messages":1}']);
  });

  it('gives everything three times, the last of it late, when a test says so', async () => {
    const given: { body: unknown; delaySeconds: number }[] = [];
    const queue = {
      send: async (body: unknown, { delaySeconds = 0 }) => void given.push({ body, delaySeconds }),
    } as unknown as Queue;
    const messages = Array.from({ length: 30 }, (_, n) => ({ n }));
    await createSender(queue, recordingLog(), { fault: 'repeat' }).send(messages, { delaySeconds: 5 });
    expect(given.map(({ body }) => (body as { n: number }).n)).toEqual(
      messages.flatMap(({ n }) => [n, n, n]),
    );
    expect(new Set(given.map(({ delaySeconds }) => delaySeconds))).toEqual(new Set([4, 5, 6, 7]));
  });

  it('loses everything when a test says so', async () => {
    const { queue, sent } = fakeQueue();
    await createSender(queue, recordingLog(), { fault: 'lose' }).send([{ n: 1 }]);
    expect(sent).toEqual([]);
  });
});

interface FakeMessage {
  id: string;
  body: unknown;
  attempts: number;
  fate: string;
}

function fakeBatch(bodies: unknown[], attempts = 1) {
  const messages = bodies.map((body, at) => {
    const message: FakeMessage & { ack(): void; retry(options: { delaySeconds: number }): void } = {
      id: String(at),
      body,
      attempts,
      fate: '',
      ack: () => {
        message.fate += 'ack';
      },
      retry: ({ delaySeconds }) => {
        message.fate += `retry ${delaySeconds}`;
      },
    };
    return message;
  });
  const batch = { queue: 'crosswalk-test', messages } as unknown as MessageBatch<unknown>;
  return { batch, fates: () => messages.map(({ fate }) => fate) };
}

const schema = z.object({ n: z.number() });

describe('consume', () => {
  it('answers each message once, by its own outcome', async () => {
    const { batch, fates } = fakeBatch([{ n: 1 }, { n: 2 }, { n: 3 }]);
    const outcomes: MessageOutcome[] = [
      ack,
      { kind: 'retry', delaySeconds: 7 },
      { kind: 'dead', why: 'gone' },
    ];
    await consume(batch, schema, async ({ n }) => outcomes[n - 1] ?? ack, recordingLog());
    expect(fates()).toEqual(['ack', 'retry 7', 'ack']);
  });

  it('takes what does not parse off the queue: trying again cannot mend it', async () => {
    const { batch, fates } = fakeBatch([{ n: 'one' }, null, 'text', { n: 4 }]);
    const handled: number[] = [];
    const log = recordingLog();
    await consume(
      batch,
      schema,
      async ({ n }) => {
        handled.push(n);
        return ack;
      },
      log,
    );
    expect(fates()).toEqual(['ack', 'ack', 'ack', 'ack']);
    expect(handled).toEqual([4]);
    expect(log.lines.filter((line) => line.includes('"outcome":"dead"'))).toHaveLength(3);
  });

  it('lets no message that throws harm its neighbours', async () => {
    const { batch, fates } = fakeBatch([{ n: 1 }, { n: 2 }, { n: 3 }]);
    await consume(
      batch,
      schema,
      async ({ n }) => {
        if (n === 2) throw new Error('D1 is overloaded');
        return ack;
      },
      recordingLog(),
    );
    expect(fates()).toEqual(['ack', 'retry 10', 'ack']);
  });

  it('waits longer with each attempt that throws, and never over five minutes', async () => {
    const waits: string[] = [];
    for (const attempts of [1, 2, 3, 4, 5, 6, 7, 50]) {
      const { batch, fates } = fakeBatch([{ n: 1 }], attempts);
      await consume(batch, schema, () => Promise.reject(new Error('no')), recordingLog());
      waits.push(...fates());
    }
    const seconds = waits.map((fate) => Number(fate.replace('retry ', '')));
    expect(seconds).toEqual([...seconds].sort((a, b) => a - b));
    expect(Math.max(...seconds)).toBe(300);
    expect(Math.min(...seconds)).toBeGreaterThan(0);
  });

  it('writes one line per message, without its content', async () => {
    const log = recordingLog();
    const { batch } = fakeBatch([{ n: 1, name: 'Ada Lovelace' }]);
    await consume(batch, schema, async () => ack, log);
    expect(log.lines).toHaveLength(1);
    expect(log.lines[0]).not.toContain('Lovelace');
    expect(log.lines[0]).toContain('"queue":"crosswalk-test"');
  });
});
