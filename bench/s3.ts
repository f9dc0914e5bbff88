import { startHub } from '../scripts/hub.ts';
import { caller, localSystemKey } from '../test/support/client.ts';
import { growthOf } from '../test/support/memory.ts';
import { callS3, type DropAccess, dropOf } from '../test/support/s3.ts';

// One file through the S3 door against the local runtime's own S3 API, in the same process of the runtime and
// by turns: signed headers, unsigned payload, as curl and rclone send it over TLS.

const large = 500_000_000;
const small = 50_000_000;
const runs = 3;
const piece = Buffer.alloc(1_000_000, 'crosswalk ');

async function* bytesOf(size: number) {
  for (let left = size; left > 0; left -= piece.length) yield piece.subarray(0, Math.min(left, piece.length));
}

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
  const put = async (access: DropAccess, path: string, size: number) => {
    const startedAt = performance.now();
    const headers = { 'content-length': String(size) };
    const answer = await callS3(access, { method: 'PUT', path, headers, body: bytesOf(size) });
    if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text.slice(0, 500)}`);
    return size / 1e6 / ((performance.now() - startedAt) / 1_000);
  };
  const toDoor = (size: number) => put(door, `/${door.bucket}/production/bench/file.bin`, size);
  const toStore = (size: number) => put(store, `/cdn-cgi/local/r2/s3/${store.bucket}/bench/file.bin`, size);

  const { grownMb: smallMb } = await growthOf(() => toDoor(small));
  const { grownMb: largeMb } = await growthOf(() => toDoor(large));
  const speeds = { door: 0, store: 0 };
  for (let run = 0; run < runs; run++) {
    speeds.store = Math.max(speeds.store, await toStore(large));
    speeds.door = Math.max(speeds.door, await toDoor(large));
  }
  console.log(`\nA PUT of ${large / 1e6} MB, best of ${runs}`);
  console.log(`  the S3 door             ${speeds.door.toFixed(0)} MB/s`);
  console.log(`  the runtime's own S3    ${speeds.store.toFixed(0)} MB/s`);
  console.log(`  ratio                   ${(speeds.door / speeds.store).toFixed(2)} (at least 0.6)`);
  console.log(
    `  memory grows by         ${largeMb} MB, for ${small / 1e6} MB by ${smallMb} MB (at most 48 MB more)`,
  );
} finally {
  await hub.stop();
}
