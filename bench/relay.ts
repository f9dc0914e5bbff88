/**
 * The SFTP relay beside OpenSSH's own `sftp`: the same file to the same `sshd`, with the same cipher, through
 * the same delay, in turns; each timed from outside, from start to the whole file under its name. Then the
 * relay's peak memory for a small file and a large one.
 * `node bench/relay.ts [MB] [rounds] [large MB]`; needs OpenSSH's server and client, and Linux for the memory.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { callRelay } from '../relay/dev/client.ts';
import { type Relay, startRelay } from '../relay/dev/relay.ts';
import { type SftpServer, startSftpServer } from '../relay/dev/server.ts';

const cipher = 'aes128-gcm@openssh.com';
const mebibyte = 2 ** 20;
// Made once and repeated: what is measured is moving bytes, not making them.
const block = Buffer.from(Array.from({ length: mebibyte }, (_, index) => (index * 2_654_435_761) >>> 24));

async function startProxy(port: number, roundTripMs: number): Promise<{ port: number; child: ChildProcess }> {
  const script = fileURLToPath(new URL('delay-proxy.ts', import.meta.url));
  const child = spawn(process.execPath, [script, String(port), String(roundTripMs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout, 'data');
  return { port: Number(String(line)), child };
}

function digestOf(megabytes: number): string {
  const hash = createHash('sha256');
  for (let index = 0; index < megabytes; index++) hash.update(block);
  return hash.digest('hex');
}

function* blocks(megabytes: number): Generator<Buffer> {
  for (let index = 0; index < megabytes; index++) yield block;
}

/** Seconds of one put by the relay. Throws when it did not arrive whole, or with another cipher. */
async function putByRelay(
  relay: Relay,
  server: SftpServer,
  port: number,
  megabytes: number,
  sha256: string,
): Promise<number> {
  const startedAt = performance.now();
  const { body } = await callRelay({
    ...relay,
    path: '/v1/put',
    file: Readable.from(blocks(megabytes), { objectMode: false }),
    envelope: {
      host: '127.0.0.1',
      port,
      username: server.username,
      privateKey: server.privateKey,
      hostKeys: server.hostKeys,
      directory: server.directory,
      name: 'relay.bin',
      mode: 'rename',
      size: megabytes * mebibyte,
      sha256,
    },
  });
  const seconds = (performance.now() - startedAt) / 1_000;
  if (!body.ok || body.negotiated.cipher !== cipher)
    throw new Error(`The relay did not deliver with ${cipher}: ${JSON.stringify(body)}`);
  return seconds;
}

/** Seconds of one put by OpenSSH's client, which, like the relay, writes to a part file and renames it. */
async function putBySftp(server: SftpServer, port: number, file: string, keyFile: string): Promise<number> {
  const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR'];
  const startedAt = performance.now();
  const child = spawn(
    'sftp',
    [
      ...['-q', '-P', String(port), '-i', keyFile, '-c', cipher, '-b', '-'],
      ...options.flatMap((option) => ['-o', option]),
      `${server.username}@127.0.0.1`,
    ],
    { stdio: ['pipe', 'ignore', 'inherit'] },
  );
  child.stdin.end(
    `put -f ${file} ${server.directory}/.sftp.part\nrename ${server.directory}/.sftp.part ${server.directory}/sftp.bin\n`,
  );
  const [code] = await once(child, 'exit');
  const seconds = (performance.now() - startedAt) / 1_000;
  if (code !== 0 || statSync(join(server.folder, 'sftp.bin')).size !== statSync(file).size)
    throw new Error(`sftp ended with ${code}`);
  return seconds;
}

async function comparePuts(megabytes: number, rounds: number, roundTripMs: number): Promise<void> {
  const [relay, server] = await Promise.all([startRelay(), startSftpServer()]);
  const folder = mkdtempSync(join(tmpdir(), 'crosswalk-bench-'));
  const proxy = roundTripMs > 0 ? await startProxy(server.port, roundTripMs) : null;
  const port = proxy?.port ?? server.port;
  try {
    const [file, keyFile] = [join(folder, 'file.bin'), join(folder, 'key')];
    writeFileSync(file, Buffer.concat([...blocks(megabytes)]));
    writeFileSync(keyFile, server.privateKey, { mode: 0o600 });
    const sha256 = digestOf(megabytes);
    let [ours, theirs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let round = 0; round < rounds; round++) {
      ours = Math.min(ours, await putByRelay(relay, server, port, megabytes, sha256));
      theirs = Math.min(theirs, await putBySftp(server, port, file, keyFile));
    }
    const speed = (seconds: number) => (megabytes / seconds).toFixed(1);
    const where = roundTripMs > 0 ? `${roundTripMs} ms` : 'loopback';
    console.log(`| ${where} | ${speed(ours)} | ${speed(theirs)} | ${(theirs / ours).toFixed(2)} |`);
  } finally {
    proxy?.child.kill();
    await Promise.all([relay.stop(), server.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The highest resident size of a fresh relay that moved one such file, in MB. */
async function peakMemory(megabytes: number): Promise<number> {
  const [relay, server] = await Promise.all([startRelay(), startSftpServer()]);
  try {
    await putByRelay(relay, server, server.port, megabytes, digestOf(megabytes));
    const status = readFileSync(`/proc/${relay.pid()}/status`, 'utf8');
    return (Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) * 1_024) / 1e6;
  } finally {
    await Promise.all([relay.stop(), server.stop()]);
  }
}

const [megabytes = 64, rounds = 3, largeMegabytes = 2_048] = process.argv.slice(2).map(Number);
const { stderr, error } = spawnSync('ssh', ['-V'], { encoding: 'utf8' });
const probe = await startSftpServer();
await probe.stop();
if (error || !probe.software.startsWith('OpenSSH')) {
  console.log(
    '\nThe relay is compared with OpenSSH, which this machine does not have: nothing was measured.',
  );
} else {
  console.log(
    `\nOne put of ${megabytes} MiB over SFTP, ${cipher}, ${stderr.trim().split(',')[0]}; best of ${rounds}\n`,
  );
  console.log('| round trip | relay MiB/s | sftp MiB/s | ratio |\n|---|---:|---:|---:|');
  await comparePuts(megabytes, rounds, 80);
  await comparePuts(megabytes, rounds, 0);
  const [small, large] = [await peakMemory(megabytes), await peakMemory(largeMegabytes)];
  console.log(
    `\nPeak memory of the relay: ${small.toFixed(0)} MB for ${megabytes} MiB, ${large.toFixed(0)} MB for ${largeMegabytes} MiB`,
  );
}
