import { execFile } from 'node:child_process';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import sdk from '@aws-sdk/client-s3/package.json' with { type: 'json' };
import { Upload } from '@aws-sdk/lib-storage';
import type { DropAccess } from '../support/s3.ts';

const run = promisify(execFile);
const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
const bin = join(process.env.CROSSWALK_CLIENTS ?? join(cache, 'crosswalk-clients'), 'bin');
const program = (name: string) => (existsSync(join(bin, name)) ? join(bin, name) : name);
const boto = fileURLToPath(new URL('boto.py', import.meta.url));

/** Where a client finds the bucket: in the path, or in the host's name. */
export type Style = 'path' | 'host';

/** A hub and its bucket, over plain HTTP and over TLS. */
export interface Reached extends DropAccess {
  tls: { port: number; caFile: string };
}

export interface Client {
  name: string;
  version(): Promise<string>;
  /** Older ones send less by default: they would prove less. */
  atLeast: [major: number, minor: number];
  /** With the client's defaults and nothing but endpoint, keys and, where it is said, its switch for the style. */
  up(access: Reached, style: Style, file: string, key: string): Promise<void>;
  down(access: Reached, style: Style, key: string, file: string): Promise<void>;
}

const endpointOf = (access: Reached, style: Style) =>
  style === 'path' ? access.endpoint : `http://localhost:${new URL(access.endpoint).port}`;
const tlsEndpointOf = ({ tls }: Reached, style: Style) =>
  `https://${style === 'path' ? '127.0.0.1' : 'localhost'}:${tls.port}`;

/** Nothing of the machine's own settings. */
function cleanEnv(access: Reached, more: Record<string, string> = {}): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: '/nonexistent',
    AWS_ACCESS_KEY_ID: access.accessKeyId,
    AWS_SECRET_ACCESS_KEY: access.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
    RCLONE_CONFIG: '/dev/null',
    AWS_CA_BUNDLE: access.tls.caFile,
    NO_PROXY: '*',
    ...more,
  };
}

async function runWith(access: Reached, file: string, args: string[], more: Record<string, string> = {}) {
  const env = cleanEnv(access, more);
  const { stdout, stderr } = await run(program(file), args, { env, maxBuffer: 1e7, timeout: 900_000 });
  return `${stdout}${stderr}`;
}

const versionOf = async (file: string, ...args: string[]) =>
  (await run(program(file), args)).stdout.trim().split('\n')[0] ?? '';

function aws(access: Reached, style: Style, ...args: string[]) {
  // The AWS CLI finds the style by the endpoint: an address has no host names. Its file has the switch.
  const virtual = { AWS_CONFIG_FILE: fileURLToPath(new URL('aws-virtual.ini', import.meta.url)) };
  const endpoint = ['--endpoint-url', style === 'path' ? access.endpoint : tlsEndpointOf(access, style)];
  return runWith(
    access,
    'aws',
    [...endpoint, 's3', 'cp', '--no-progress', ...args],
    style === 'host' ? virtual : {},
  );
}

function rclone(access: Reached, style: Style, ...args: string[]) {
  const settings = ['--s3-provider', 'Other', '--s3-env-auth', '--s3-endpoint', tlsEndpointOf(access, style)];
  settings.push('--ca-cert', access.tls.caFile);
  if (style === 'host') settings.push('--s3-force-path-style=false');
  return runWith(access, 'rclone', [...settings, 'copyto', ...args]);
}

function s3cmd(access: Reached, style: Style, ...args: string[]) {
  const { host } = new URL(endpointOf(access, style));
  const settings = ['--config', '/dev/null', '--no-ssl', '--no-progress', '--host', host];
  settings.push('--host-bucket', style === 'path' ? host : `%(bucket)s.${host}`);
  settings.push('--access_key', access.accessKeyId, '--secret_key', access.secretAccessKey);
  return runWith(access, 's3cmd', [...settings, ...args]);
}

function curl(access: Reached, style: Style, key: string, ...args: string[]) {
  const { port } = new URL(access.endpoint);
  const base =
    style === 'path' ? `${access.endpoint}/${access.bucket}` : `http://${access.bucket}.localhost:${port}`;
  const user = `${access.accessKeyId}:${access.secretAccessKey}`;
  // S3 requires the header; curl 7 does not send it by itself.
  const signing = ['--aws-sigv4', 'aws:amz:us-east-1:s3', '--user', user];
  signing.push('-H', 'x-amz-content-sha256: UNSIGNED-PAYLOAD');
  return runWith(access, 'curl', ['-sS', '--fail-with-body', ...signing, ...args, `${base}/${key}`]);
}

function sdkClient(access: Reached, style: Style): S3Client {
  return new S3Client({
    region: 'us-east-1',
    endpoint: endpointOf(access, style),
    forcePathStyle: style === 'path',
    credentials: { accessKeyId: access.accessKeyId, secretAccessKey: access.secretAccessKey },
  });
}

export const clients: Client[] = [
  {
    name: 'aws cli',
    version: () => versionOf('aws', '--version'),
    atLeast: [1, 37],
    up: async (access, style, file, key) =>
      void (await aws(access, style, file, `s3://${access.bucket}/${key}`)),
    down: async (access, style, key, file) =>
      void (await aws(access, style, `s3://${access.bucket}/${key}`, file)),
  },
  {
    name: 'boto3',
    version: () => versionOf('python-boto3', '-c', 'import boto3; print("boto3", boto3.__version__)'),
    atLeast: [1, 36],
    up: async (access, style, file, key) => void (await runBoto('up', access, style, key, file)),
    down: async (access, style, key, file) => void (await runBoto('down', access, style, key, file)),
  },
  {
    name: '@aws-sdk/client-s3 with lib-storage',
    version: async () => `client-s3 ${sdk.version}`,
    atLeast: [3, 729],
    async up(access, style, file, key) {
      const client = sdkClient(access, style);
      const params = { Bucket: access.bucket, Key: key, Body: createReadStream(file) };
      await new Upload({ client, params }).done();
      client.destroy();
    },
    async down(access, style, key, file) {
      const client = sdkClient(access, style);
      const { Body } = await client.send(new GetObjectCommand({ Bucket: access.bucket, Key: key }));
      await pipeline(Body as NodeJS.ReadableStream, createWriteStream(file));
      client.destroy();
    },
  },
  {
    name: 'rclone',
    version: () => versionOf('rclone', 'version'),
    atLeast: [1, 68],
    up: async (access, style, file, key) =>
      void (await rclone(access, style, file, `:s3:${access.bucket}/${key}`)),
    down: async (access, style, key, file) =>
      void (await rclone(access, style, `:s3:${access.bucket}/${key}`, file)),
  },
  {
    name: 's3cmd',
    version: () => versionOf('s3cmd', '--version'),
    atLeast: [2, 3],
    up: async (access, style, file, key) =>
      void (await s3cmd(access, style, 'put', file, `s3://${access.bucket}/${key}`)),
    down: async (access, style, key, file) =>
      void (await s3cmd(access, style, 'get', '--force', `s3://${access.bucket}/${key}`, file)),
  },
  {
    name: 'curl --aws-sigv4',
    version: () => versionOf('curl', '--version'),
    atLeast: [7, 75],
    up: async (access, style, file, key) => void (await curl(access, style, key, '-T', file)),
    down: async (access, style, key, file) => void (await curl(access, style, key, '-o', file)),
  },
];

async function runBoto(direction: string, access: Reached, style: Style, key: string, file: string) {
  const named = style === 'path' ? 'auto' : 'virtual';
  const endpoint = style === 'path' ? access.endpoint : tlsEndpointOf(access, style);
  const args = [boto, direction, endpoint, named, access.bucket, key, file];
  return runWith(access, 'python-boto3', args);
}

/** One piece, whatever its size: what the clients above do only below their thresholds. */
export const inOnePiece: Record<string, (access: Reached, file: string, key: string) => Promise<unknown>> = {
  boto3: (access, file, key) => runBoto('put', access, 'path', key, file),
  'aws cli': (access, file, key) => {
    const args = ['--endpoint-url', access.endpoint, 's3api', 'put-object', '--bucket', access.bucket];
    return runWith(access, 'aws', [...args, '--key', key, '--body', file]);
  },
  '@aws-sdk/client-s3': async (access, file, key) => {
    const client = sdkClient(access, 'path');
    await client.send(
      new PutObjectCommand({ Bucket: access.bucket, Key: key, Body: createReadStream(file) }),
    );
    client.destroy();
  },
  rclone: (access, file, key) => rclone(access, 'path', file, `:s3:${access.bucket}/${key}`),
  s3cmd: (access, file, key) =>
    s3cmd(access, 'path', '--disable-multipart', 'put', file, `s3://${access.bucket}/${key}`),
  'curl --aws-sigv4': (access, file, key) => curl(access, 'path', key, '-T', file),
};
