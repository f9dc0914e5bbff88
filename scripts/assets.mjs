// Builds the dashboard's script and style with the esbuild that wrangler brings: `[build]` of wrangler.toml
// runs it before every dev and deploy. Plain JavaScript, so that any Node runs it. Writes only what differs,
// for several hubs may start at once.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const client = join(root, 'src', 'dashboard', 'client');

/** The built files by name, and the module that tells the pages their names. */
export async function buildAssets() {
  const esbuild = createRequire(createRequire(import.meta.url).resolve('wrangler/package.json'))('esbuild');
  const { outputFiles } = await esbuild.build({
    entryPoints: ['app.ts', 'editor.ts', 'app.css'].map((name) => join(client, name)),
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['es2022', 'chrome123', 'firefox128', 'safari17.5'],
    outdir: join(root, 'public'),
    write: false,
    legalComments: 'none',
  });
  const files = new Map();
  const named = (name, bytes) => {
    const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 10);
    const [stem, extension] = name.split('.');
    const path = `assets/${stem}-${hash}.${extension}`;
    files.set(path, Buffer.from(bytes));
    return `/${path}`;
  };
  const output = (name) => outputFiles.find(({ path }) => basename(path) === name).contents;
  const names = {
    script: named('app.js', output('app.js')),
    // Fetched by the template page alone.
    editor: named('editor.js', output('editor.js')),
    style: named('app.css', output('app.css')),
    icon: named('icon.svg', readFileSync(join(client, 'icon.svg'))),
  };
  files.set(
    '_headers',
    Buffer.from(
      '/assets/*\n  Cache-Control: public, max-age=31536000, immutable\n  X-Content-Type-Options: nosniff\n',
    ),
  );
  const lines = Object.entries(names).map(([name, path]) => `  ${name}: '${path}',\n`);
  const module = `// Made by scripts/assets.mjs.\nexport const assets = {\n${lines.join('')}};\n`;
  return { files, module };
}

function write(path, bytes) {
  if (existsSync(path) && readFileSync(path).equals(bytes)) return;
  mkdirSync(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}`;
  writeFileSync(beside, bytes);
  renameSync(beside, path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { files, module } = await buildAssets();
  for (const [path, bytes] of files) write(join(root, 'public', path), bytes);
  write(join(root, 'src', 'dashboard', 'assets.gen.ts'), Buffer.from(module));
  for (const name of readdirSync(join(root, 'public', 'assets'))) {
    if (!files.has(`assets/${name}`) && !/\.\d+$/.test(name))
      rmSync(join(root, 'public', 'assets', name), { force: true });
  }
}
