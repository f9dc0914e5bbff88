import { AwsV4Signer } from 'aws4fetch';
import { assertKey, type PresignedPut, type PresignPutOptions } from './store.ts';

/** One bucket behind an S3 API, and who may use it. */
export interface S3Config {
  /**
   * The bucket's own URL without a trailing slash: `https://{account}.r2.cloudflarestorage.com/{bucket}`,
   * `https://s3.{region}.amazonaws.com/{bucket}` or `https://{bucket}.s3.{region}.amazonaws.com`.
   */
  bucketUrl: string;
  /** `auto` for R2. */
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** The clock of signatures, in ms; stores refuse more than 15 minutes of skew. */
  wallNow?: () => number;
}

const maxExpiresSeconds = 604_800;

/** Signs for one bucket; keeps the secret out of everything that prints an object. */
export class S3Signer {
  readonly #config: S3Config;
  readonly #signingKeys = new Map<string, ArrayBuffer>();

  constructor(config: S3Config) {
    this.#config = config;
  }

  /** The bucket's URL, or an object's; every byte that RFC 3986 reserves is percent-encoded once. */
  url(key: string | null, query: Record<string, string> = {}): string {
    const path = key === null ? '' : `/${key.split('/').map(encodeRfc3986).join('/')}`;
    const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeRfc3986(value)}`);
    return `${this.#config.bucketUrl}${path}${pairs.length > 0 ? `?${pairs.join('&')}` : ''}`;
  }

  /** The headers of a request, `Authorization` among them; the body stays unsigned (TLS guards it). */
  async signHeaders(method: string, url: string, headers: Record<string, string>): Promise<Headers> {
    return (await this.#signer({ method, url, headers }).sign()).headers;
  }

  /** The URL with a signature that covers all of `headers`. */
  async signUrl(
    method: string,
    url: string,
    headers: Record<string, string>,
    expiresSeconds: number,
  ): Promise<string> {
    const withExpiry = `${url}${url.includes('?') ? '&' : '?'}X-Amz-Expires=${expiresSeconds}`;
    // Without `allHeaders` aws4fetch leaves out content-length and content-type.
    const signer = this.#signer({ method, url: withExpiry, headers, signQuery: true, allHeaders: true });
    return (await signer.sign()).url.toString();
  }

  #signer(
    request: Pick<
      ConstructorParameters<typeof AwsV4Signer>[0],
      'method' | 'url' | 'headers' | 'signQuery' | 'allHeaders'
    >,
  ): AwsV4Signer {
    const { region, accessKeyId, secretAccessKey, wallNow = Date.now } = this.#config;
    const datetime = new Date(wallNow()).toISOString().replace(/[:-]|\.\d{3}/g, '');
    return new AwsV4Signer({
      ...request,
      service: 's3',
      region,
      accessKeyId,
      secretAccessKey,
      datetime,
      cache: this.#signingKeys,
    });
  }
}

/** Presigned uploads straight to a bucket, beside the R2 binding (through R2's S3 endpoint) or any S3 store. */
export class S3Presigner {
  readonly #signer: S3Signer;

  constructor(config: S3Config) {
    this.#signer = new S3Signer(config);
  }

  async presignPut(key: string, options: PresignPutOptions): Promise<PresignedPut> {
    assertKey(key);
    const { sizeBytes, expiresSeconds, contentType, onlyIfAbsent } = options;
    if (!(Number.isInteger(expiresSeconds) && expiresSeconds >= 1 && expiresSeconds <= maxExpiresSeconds)) {
      throw new RangeError('A presigned URL lives for 1 to 604,800 seconds.');
    }
    const headers: Record<string, string> = {
      'content-length': String(sizeBytes),
      ...(contentType !== undefined && { 'content-type': contentType }),
      ...(onlyIfAbsent && { 'if-none-match': '*' }),
    };
    return {
      url: await this.#signer.signUrl('PUT', this.#signer.url(key), headers, expiresSeconds),
      headers,
    };
  }
}

function encodeRfc3986(value: string): string {
  return encodeURIComponent(value).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
