import { existsSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';

export const usage =
  'Usage: npm run inspect -- FILE [--schema SCHEMA.json | --out SCHEMA.json] [--force]. ' +
  'Says what the hub would see in FILE, and writes a starting schema to FILE.schema.json or --out, ' +
  'over an older one only with --force; with --schema it checks the rows against that schema instead.';

/** What is wrong with the arguments. */
export class UsageError extends Error {}

export type Options = { file: string } & ({ schema: string } | { out: string; force: boolean });

/** Throws `UsageError`. */
export function readOptions(args: string[]): Options | 'help' {
  const { values, positionals } = parse(args);
  if (values.help) return 'help';
  const [file, ...others] = positionals;
  const { schema, force = false } = values;
  if (file === undefined) throw new UsageError('Name a file.');
  if (others.length > 0) throw new UsageError('Name one file.');
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) throw new UsageError(`There is no file ${file}.`);
  if (schema === undefined) {
    const out = values.out ?? `${file}.schema.json`;
    if (existsSync(out) && !force) {
      throw new UsageError(`${out} is there already: give another --out, or --force to write over it.`);
    }
    return { file, out, force };
  }
  if (values.out !== undefined || force) {
    throw new UsageError('With --schema nothing is written: leave --out and --force away.');
  }
  if (!existsSync(schema)) throw new UsageError(`There is no schema ${schema}.`);
  return { file, schema };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        schema: { type: 'string' },
        out: { type: 'string' },
        force: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? `${error.message.replace(/\.$/, '')}.` : String(error));
  }
}
