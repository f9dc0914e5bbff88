import { fileURLToPath } from 'node:url';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { build } from 'vite';

export interface Runtime {
  /** Makes a file inside, and answers the digest of what is read of it. */
  prepare(sizeBytes: number, accents: boolean): Promise<string>;
  /** Seconds for one reading. */
  readOnce(): Promise<number>;
  stop(): Promise<void>;
}

/** The reader alone in workerd, without wrangler's proxies. */
export async function startRuntime(): Promise<Runtime> {
  const script = await bundle('csv-worker.ts');
  const server = new Miniflare(convertV4MiniflareOptions({ modules: true, script, compatibilityDate }));
  const ask = async (path: string) => (await server.dispatchFetch(`http://bench${path}`)).text();
  return {
    prepare: (sizeBytes, accents) => ask(`/prepare?sizeBytes=${sizeBytes}&accents=${accents}`),
    async readOnce() {
      const start = performance.now();
      if (Number(await ask('/read')) === 0) throw new Error('nothing was read');
      return (performance.now() - start) / 1_000;
    },
    stop: () => server.dispose(),
  };
}

export const compatibilityDate = '2026-10-01';

/** A worker of this folder, as one module. */
export async function bundle(file: string): Promise<string> {
  const entry = fileURLToPath(new URL(file, import.meta.url));
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      minify: false,
      target: 'es2023',
      lib: { entry, formats: ['es'] },
      rollupOptions: { external: [/^cloudflare:/, /^node:/] },
    },
  });
  const [output] = [built].flat();
  if (output === undefined || !('output' in output)) throw new Error('nothing was bundled');
  return output.output[0].code;
}
