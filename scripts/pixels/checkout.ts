import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const git = (root: string, ...args: string[]) =>
  execFileSync('git', ['-C', root, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();

function resolves(root: string, name: string): string | null {
  try {
    return git(root, 'rev-parse', '--verify', '--quiet', `${name}^{commit}`);
  } catch {
    return null;
  }
}

/**
 * The commit before the change: where this branch left the main one; of the main one itself its parent, or
 * what is committed while something is not.
 */
export function baseOf(root: string, wanted?: string): string {
  if (wanted !== undefined) {
    const found = resolves(root, wanted);
    if (found === null) throw new Error(`There is no commit "${wanted}" here.`);
    return found;
  }
  const head = git(root, 'rev-parse', 'HEAD');
  const main = resolves(root, 'origin/main') ?? resolves(root, 'main');
  const base = main === null ? head : git(root, 'merge-base', 'HEAD', main);
  if (base !== head) return base;
  if (git(root, 'status', '--porcelain') !== '') return head;
  const parent = resolves(root, 'HEAD^');
  if (parent === null) throw new Error('There is no commit before this one: name one.');
  return parent;
}

/** A commit's files in a folder of their own, with the packages that its lockfile names. */
export function checkOut(root: string, commit: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'crosswalk-base-'));
  const archive = `${folder}.tar`;
  git(root, 'archive', '--format=tar', '-o', archive, commit);
  execFileSync('tar', ['-xf', archive, '-C', folder]);
  rmSync(archive);
  const lock = (of: string) => readFileSync(join(of, 'package-lock.json'), 'utf8');
  if (lock(root) === lock(folder)) symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  else execFileSync('npm', ['ci'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  mkdirSync(join(folder, 'public'), { recursive: true });
  return folder;
}
