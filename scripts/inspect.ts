/**
 * Says what the hub would see in a file, by the hub's own readers, and writes a starting schema; or checks
 * the file against a schema. Ends with 0, with 1 where the hub would refuse the file or, against a schema,
 * any row of it, with 2 for bad arguments. Memory is bounded whatever the file.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { detectFile, type FileFindings } from '../src/platform/csv/detect.ts';
import { type CompiledSchema, compileSchema, inferCandidates } from '../src/platform/tableschema/index.ts';
import { KeyCheck } from './inspect/keys.ts';
import { type Options, readOptions, UsageError, usage } from './inspect/options.ts';
import { keySentence, line, printColumns, printFile, printTally } from './inspect/print.ts';
import { checkRows, sampleRows, type TableFindings, Tally } from './inspect/rows.ts';
import { type FileSource, openSource, Refusal } from './inspect/source.ts';

async function inspect(options: Options): Promise<number> {
  const source = await openSource(options.file);
  const findings: FileFindings = detectFile(source.head, source.tail, source.sizeBytes);
  if (findings.kind === 'refused') throw new Refusal(findings.code, findings.message);
  if (findings.kind === 'gzip') throw new Error('the file changed while it was read');
  printFile(options.file, source, findings);
  return 'schema' in options
    ? checkAgainst(source, findings, readSchema(options.schema))
    : startSchema(source, findings, options.out, options.force);
}

/** A schema that cannot be right is told as the hub tells it when a task is saved. */
function readSchema(path: string): CompiledSchema {
  let descriptor: unknown;
  try {
    descriptor = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    throw new UsageError(`The schema ${path} is not JSON.`);
  }
  const compiled = compileSchema(descriptor);
  if (compiled.ok) return compiled.schema;
  const issues = compiled.issues.map((issue) => `  ${issue.path}: ${issue.code}: ${issue.message}`);
  throw new Refusal('schema_invalid', `The schema cannot be right.\n${issues.join('\n')}`);
}

async function checkAgainst(
  source: FileSource,
  findings: TableFindings,
  schema: CompiledSchema,
): Promise<number> {
  const names = schema.key.map((index) => schema.fields[index]?.name ?? '');
  const keys = new KeyCheck(names.length === 0 ? [] : [names], false);
  const tally = new Tally(({ values }, at) => keys.add(values, at));
  await checkRows(source, findings, schema, tally);
  printTally(tally);
  const [key] = keys.findings;
  if (key) line('key', keySentence(key, tally.read - tally.rejected));
  else line('key', 'none: a task needs a primaryKey');
  return tally.rejected > 0 || (key?.repeats ?? 0) > 0 ? 1 : 0;
}

async function startSchema(
  source: FileSource,
  findings: TableFindings,
  out: string,
  force: boolean,
): Promise<number> {
  if (findings.kind === 'csv' && !findings.header.value) {
    throw new Refusal('header_missing', 'The file has no header: its first line must name the columns.');
  }
  const { header, rows } = await sampleRows(source, findings);
  const candidates = inferCandidates(header, rows);
  if (candidates.fields.length === 0)
    throw new Refusal('header_missing', 'No column of the file has a name.');
  printColumns(candidates.fields);
  const { fields } = candidates;
  const keys = new KeyCheck(candidates.keys, true);
  const tally = new Tally(({ values }, at) => keys.add(values, at));
  const compiled = compileSchema({ fields });
  if (!compiled.ok) throw new Error(`a bad schema was inferred: ${compiled.issues[0]?.message}`);
  await checkRows(source, findings, compiled.schema, tally);
  printTally(tally);
  const good = tally.read - tally.rejected;
  // A row without its key is rejected: a few are the file's fault, many say that it is no key.
  const key = keys.findings.find(({ repeats, empty }) => repeats === 0 && empty <= good / 100);
  if (key) line('key', keySentence(key, good));
  else {
    line('key', 'none found: name the fields that identify a record in "primaryKey"');
    for (const one of keys.findings.slice(0, 3)) line('', keySentence(one, good));
  }
  const primaryKey = key?.names.length === 1 ? key.names[0] : key?.names;
  const schema = primaryKey === undefined ? { fields } : { fields, primaryKey };
  writeFileSync(out, `${JSON.stringify(schema, null, 2)}\n`, { flag: force ? 'w' : 'wx' });
  line('schema', `${out} is written: read it through, then save it with a task`);
  return 0;
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') console.log(usage);
  else process.exitCode = await inspect(options);
} catch (error) {
  if (error instanceof UsageError) {
    console.error(`${error.message}\n${usage}`);
    process.exitCode = 2;
  } else if (error instanceof Refusal) {
    console.error(`\nThe hub would refuse this: ${error.code}\n${error.message}`);
    process.exitCode = 1;
  } else throw error;
}
