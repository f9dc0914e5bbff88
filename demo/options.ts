import { readFileSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { UsageError } from './failures.ts';
import type { TableSchema } from './schema.ts';

export const usage =
  'Usage: npm run demo -- [flows | --rows N | --file FILE.csv --schema SCHEMA.json] [--keep]. ' +
  'N is 1 to 1,000,000 people (50,000); the schema is a Frictionless Table Schema with a primaryKey. ' +
  '"flows" tells the three stories of external sources.';

export type FeedOptions = { keep: boolean } & ({ rows: number } | { file: string; schema: TableSchema });
export type Options = FeedOptions | { keep: boolean; story: 'flows' };

/** Throws `UsageError` with what is wrong. */
export function readOptions(args: string[]): Options | 'help' {
  const { values, positionals } = parse(args);
  if (values.help) return 'help';
  const [story, ...more] = positionals;
  if (story !== undefined) return readStory(story, more, values);
  const { file, schema, rows, keep = false } = values;
  if (file === undefined && schema === undefined) return { keep, rows: readRows(rows ?? '50000') };
  if (rows !== undefined)
    throw new UsageError('--rows makes a file, and --file takes one: give one of them.');
  if (file === undefined) throw new UsageError('--schema describes a file: give it with --file.');
  if (schema === undefined) throw new UsageError('--file needs to be described: give its --schema.');
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) throw new UsageError(`There is no file ${file}.`);
  return { keep, file, schema: readSchema(schema) };
}

function readStory(story: string, more: string[], { keep = false, ...others }: { keep?: boolean }): Options {
  if (story !== 'flows' || more.length > 0) {
    throw new UsageError(`There is no story "${[story, ...more].join(' ')}": there is "flows".`);
  }
  const [other] = Object.keys(others);
  if (other !== undefined) throw new UsageError(`--${other} is about a file, and "flows" has none.`);
  return { keep, story };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        rows: { type: 'string' },
        file: { type: 'string' },
        schema: { type: 'string' },
        keep: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? `${error.message.replace(/\.$/, '')}.` : String(error));
  }
}

function readRows(text: string): number {
  const rows = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (rows < 1 || rows > 1_000_000) {
    throw new UsageError(`--rows is a whole number from 1 to 1,000,000, not "${text}".`);
  }
  return rows;
}

/** Only as far as the demo needs it; whether it can be right, the hub says when the task is saved. */
function readSchema(path: string): TableSchema {
  const schema = readJson(path);
  const isObject = typeof schema === 'object' && schema !== null;
  if (!isObject || !('fields' in schema) || !Array.isArray(schema.fields)) {
    throw new UsageError(`${path} is no Table Schema: it has no "fields".`);
  }
  const primaryKey = 'primaryKey' in schema ? schema.primaryKey : undefined;
  const names: unknown[] = Array.isArray(primaryKey) ? primaryKey : [primaryKey];
  if (names.length === 0 || !names.every((name) => typeof name === 'string' && name !== '')) {
    throw new UsageError(`${path} has no "primaryKey": name the field or fields that identify a record.`);
  }
  return schema as TableSchema;
}

function readJson(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new UsageError(`The schema ${path} cannot be read.`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`The schema ${path} is not JSON.`);
  }
}
