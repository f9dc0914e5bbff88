import { createHash } from 'node:crypto';
import { startHub } from '../scripts/hub.ts';
import { createCrc } from '../src/platform/crc.ts';
import { caller, localSystemKey } from '../test/support/client.ts';
import { runtimeBytes } from '../test/support/memory.ts';
import { chunkedBody, type DropAccess, dropOf, type SignedCall, sendRaw, sign } from '../test/support/s3.ts';

// One file through the S3 door, in each form of body that clients send, against the local runtime's own S3
// API: in the same process of the runtime and by turns. What a body needs of the sender is made beforehand.

const large = Number(process.env.BENCH_S3_MB ?? 500) * 1_000_000;
const small = large / 10;
const runs = Number(process.env.BENCH_S3_RUNS ?? 3);
const content = Buffer.alloc(large, 'crosswalk ');

/** Sends a PUT; seconds that it took. */
type Send = (access: DropAccess, path: string, bytes: Buffer) => Promise<number>;

async function timed(
  access: DropAccess,
  call: SignedCall,
  encode: (signed: ReturnType<typeof sign>) => Buffer,
) {
  const signed = sign(access, { method: 'PUT', ...call });
  const body = encode(signed);
  signed.headers['content-length'] = String(body.length);
  const startedAt = performance.now();
  const answer = await sendRaw(access.endpoint, signed, body);
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text.slice(0, 500)}`);
  return (performance.now() - startedAt) / 1_000;
}

const whole =
  (headersOf: (bytes: Buffer) => { payloadHash: string; headers?: Record<string, string> }): Send =>
  (access, path, bytes) =>
    timed(access, { path, ...headersOf(bytes) }, () => bytes);

const chunked =
  (signed: boolean, chunkBytes: number, kind: 'crc32' | 'crc64nvme' | null): Send =>
  (access, path, bytes) => {
    const trailer: [string, string] | undefined = kind
      ? [`x-amz-checksum-${kind}`, crcOf(kind, bytes)]
      : undefined;
    const body = chunkedBody(bytes, { signed, chunkBytes, ...(trailer && { trailer }) });
    return timed(access, { path, payloadHash: body.payloadHash, headers: body.headers }, body.encode);
  };

function crcOf(kind: 'crc32' | 'crc64nvme', bytes: Buffer): string {
  const crc = createCrc(kind);
  crc.update(bytes);
  return Buffer.from(crc.digest()).toString('base64');
}

const unsigned = whole(() => ({ payloadHash: 'UNSIGNED-PAYLOAD' }));
const forms: [name: string, send: Send][] = [
  ['unsigned (rclone over TLS, presigned)', unsigned],
  [
    'SHA-256 in the header (s3cmd, curl)',
    whole((bytes) => ({ payloadHash: createHash('sha256').update(bytes).digest('hex') })),
  ],
  ['unsigned chunks, CRC32 behind (SDKs)', chunked(false, 65_536, 'crc32')],
  ['unsigned chunks, CRC64NVME behind (AWS CLI)', chunked(false, 1_048_576, 'crc64nvme')],
  ['signed chunks, CRC32 behind (SDKs, no TLS)', chunked(true, 65_536, 'crc32')],
];

async function peakOf(work: () => Promise<unknown>): Promise<number> {
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, runtimeBytes());
  }, 50);
  await work().finally(() => clearInterval(timer));
  return Math.round(peak / 1e6);
}

interface Peers {
  toDoor: (send: Send, bytes: Buffer) => Promise<number>;
  toStore: (bytes: Buffer) => Promise<number>;
}

async function withHub<T>(work: (peers: Peers) => Promise<T>): Promise<T> {
  const hub = await startHub({ vars: { MAX_UPLOAD_BYTES: '2000000000' } });
  try {
    const programId = 'bench';
    const system = caller(hub.url, localSystemKey);
    await system('POST', '/api/programs', { body: { programId, name: programId } });
    const door = await dropOf(hub.url, programId);
    const store: DropAccess = {
      endpoint: hub.url,
      bucket: 'crosswalk-objects',
      accessKeyId: 'local-access-key',
      secretAccessKey: 'local-secret-key',
    };
    return await work({
      toDoor: (send, bytes) => send(door, `/${door.bucket}/production/bench/file.bin`, bytes),
      toStore: (bytes) => unsigned(store, `/cdn-cgi/local/r2/s3/${store.bucket}/bench/file.bin`, bytes),
    });
  } finally {
    await hub.stop();
  }
}

/** The most memory that both processes of a fresh runtime had, with a small file and then with a large one. */
async function peaks(send: (peers: Peers, bytes: Buffer) => Promise<number>): Promise<[number, number]> {
  return withHub(async (peers) => {
    const little = await peakOf(() => send(peers, content.subarray(0, small)));
    return [little, await peakOf(() => send(peers, content))];
  });
}

const [little, much] = await peaks(({ toDoor }, bytes) => toDoor(unsigned, bytes));
const [littleBare, muchBare] = await peaks(({ toStore }, bytes) => toStore(bytes));
const most = Math.max(1.3 * little, little + 48).toFixed(0);
console.log(
  `\nMemory with ${small / 1e6} MB and with ${large / 1e6} MB, most of it the local object store's`,
);
console.log(`  the S3 door             ${little} MB, ${much} MB (at most ${most})`);
console.log(`  the runtime's own S3    ${littleBare} MB, ${muchBare} MB`);

await withHub(async ({ toDoor, toStore }) => {
  console.log(
    `\nA PUT of ${large / 1e6} MB, best of ${runs}: the S3 door, the runtime's own S3, ratio (at least 0.6)`,
  );
  for (const [name, send] of forms) {
    let [door, store] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let run = 0; run < runs; run++) {
      store = Math.min(store, await toStore(content));
      door = Math.min(door, await toDoor(send, content));
    }
    const speed = (seconds: number) => `${(large / 1e6 / seconds).toFixed(0).padStart(4)} MB/s`;
    console.log(`  ${name.padEnd(45)} ${speed(door)} ${speed(store)} ${(store / door).toFixed(2)}`);
  }
});
