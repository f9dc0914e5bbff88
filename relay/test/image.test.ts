import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

// The Dockerfile, linted where no container engine builds it: the rules of hadolint that apply, by their
// numbers, and what must agree with the rest of the repository.

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');

const instructions = read('relay/Dockerfile')
  .replace(/^\s*#.*\n/gm, '')
  .replace(/\\\n/g, ' ')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => {
    const [name = '', ...rest] = line.trim().split(/\s+/);
    return { name, rest: rest.join(' ') };
  });
const all = (name: string) => instructions.filter((one) => one.name === name).map(({ rest }) => rest);
const last = (name: string) => all(name).at(-1) ?? '';

describe('the image of the relay', () => {
  it('has known instructions only, and no MAINTAINER or ADD (DL4000, DL3020)', () => {
    const known = ['ARG', 'FROM', 'WORKDIR', 'COPY', 'RUN', 'ENV', 'USER', 'EXPOSE', 'HEALTHCHECK', 'CMD'];
    for (const { name } of instructions) expect(known).toContain(name);
  });

  it('stands on the very Node that the tests run on (DL3006, DL3007)', () => {
    const { node } = JSON.parse(read('package.json')).devDependencies;
    expect(last('ARG')).toBe(`BASE=node:${node}-slim`);
    for (const from of all('FROM')) expect(from).toMatch(/^\$\{BASE\}/);
  });

  it('works in absolute folders and ends as a user other than root (DL3000, DL3002)', () => {
    for (const folder of all('WORKDIR')) expect(folder).toMatch(/^\//);
    expect(last('USER')).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  });

  it('starts without a shell, as relay/package.json starts it (DL3025)', () => {
    const command: string[] = JSON.parse(last('CMD'));
    const { scripts } = JSON.parse(read('relay/package.json'));
    expect(command.join(' ')).toBe(scripts.start.replace('src/', 'relay/src/'));
    expect(JSON.parse(last('HEALTHCHECK').replace(/^.*CMD /, ''))[0]).toBe('node');
  });

  it('installs by the lockfile, without scripts, the relay alone', () => {
    expect(all('RUN')).toHaveLength(1);
    expect(last('RUN')).toMatch(/^npm ci --workspace=@crosswalk\/relay --omit=dev .*--ignore-scripts/);
  });

  it('copies only what is there and what .dockerignore lets through', () => {
    const admitted = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const sources = all('COPY')
      .filter((line) => !line.startsWith('--from='))
      .flatMap((line) => line.split(' ').slice(0, -1));
    expect(sources.length).toBeGreaterThan(3);
    for (const source of sources) {
      expect(existsSync(join(root, source))).toBe(true);
      expect(admitted).toContain(source);
    }
  });

  it('holds no secret and opens the port that the Worker calls', () => {
    expect(all('ENV').join(' ')).not.toMatch(/TOKEN|KEY|PASSWORD|SECRET/);
    const port = last('EXPOSE');
    expect(last('ENV')).toContain(`PORT=${port}`);
    expect(read('src/index.ts')).toContain(`defaultPort = ${port}`);
    expect(read('wrangler.toml')).toMatch(/image = "\.\/relay\/Dockerfile"\nimage_build_context = "\."/);
  });
});
