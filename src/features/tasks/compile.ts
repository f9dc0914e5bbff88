import { AppError } from '../../platform/errors.ts';
import { type CompiledSchema, compileSchema } from '../../platform/tableschema/index.ts';
import type { TaskDefinition } from './schema.ts';

/** The task's schema, ready to check rows. Throws `schema_invalid` with every reason it cannot be right. */
export function compileTask(task: TaskDefinition): CompiledSchema {
  const compiled = compileSchema({
    ...task.schema,
    aliases: { ...task.schema.aliases, ...task.aliases },
    unknownColumns: task.schema.unknownColumns ?? task.unknownColumns,
  });
  if (!compiled.ok) {
    const issues = compiled.issues.map((issue) => ({
      ...issue,
      path: issue.path === '' ? 'schema' : `schema.${issue.path}`,
    }));
    const [first] = issues;
    throw new AppError('schema_invalid', `The schema cannot be right: ${first?.path}: ${first?.message}`, {
      issues,
    });
  }
  if (compiled.schema.key.length === 0) {
    const message = 'Name the field or fields that identify a record: without them no change can be told.';
    throw new AppError('schema_invalid', message, {
      issues: [{ path: 'schema.primaryKey', code: 'primary_key_required', message }],
    });
  }
  return compiled.schema;
}
