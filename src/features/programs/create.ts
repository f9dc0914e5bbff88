import type { Ctx } from '../../context.ts';
import { commit, isUniqueViolation } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { bucketHash } from '../../platform/hash.ts';
import { checkCallable } from '../../platform/outbound.ts';
import { changesBetween, recordAudit } from '../audit/index.ts';
import { defaultRetention, type ProgramIn, type ProgramPatch } from './schema.ts';
import { insertProgram, type Program, updateProgram } from './store.ts';

/** Throws `conflict` when the id is taken, in whatever letter case. */
export async function createProgram(ctx: Ctx, input: ProgramIn): Promise<Program> {
  const at = ctx.now();
  const changes = await toColumns(ctx, input.programId, input);
  const row: Program = {
    programId: input.programId,
    foldedId: input.programId.toLowerCase(),
    name: input.name,
    timeZone: input.timeZone,
    contacts: { emails: [], webhook: null },
    staff: null,
    nightlySync: { enabled: false, atLocalTime: '02:00' },
    learningBuilderUrl: null,
    learningBuilderKey: null,
    bucket: bucketOf(input.programId),
    createdAt: at,
    updatedAt: at,
    deletedAt: null,
    pruneDueAt: null,
    ...changes,
    retention: changes.retention ?? defaultRetention,
  };
  const slices = await Promise.all(
    ctx.registry.lifecycles.map((slice) => slice.created?.(ctx, row.programId) ?? []),
  );
  try {
    await commit(ctx.db, [
      insertProgram(ctx, row),
      ...slices.flat(),
      recordAudit(ctx, { programId: row.programId, action: 'program.created', target: row.programId }),
    ]);
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new AppError(
      'conflict',
      `There is a program "${input.programId}" already, perhaps in other letter case, or one that is still being deleted.`,
    );
  }
  return row;
}

/** Contacts are people's addresses, and the receiver's key is a secret. */
const auditedMembers = ['name', 'timeZone', 'retention'] as const;

export async function changeProgram(ctx: Ctx, program: Program, patch: ProgramPatch): Promise<Program> {
  if (patch.staff !== undefined && ctx.actor.kind !== 'system') {
    throw new AppError('forbidden', 'Only a system key may say who the staff are.');
  }
  const changes = await toColumns(ctx, program.programId, patch, program);
  const updated = { ...changes, updatedAt: ctx.now() };
  await commit(ctx.db, [
    updateProgram(ctx, program.programId, updated),
    recordAudit(ctx, {
      programId: program.programId,
      action: 'program.changed',
      target: program.programId,
      detail: {
        members: Object.keys(patch),
        ...changesBetween<Program>(program, { ...program, ...updated }, auditedMembers),
      },
    }),
  ]);
  return { ...program, ...updated };
}

async function toColumns(
  ctx: Ctx,
  programId: string,
  input: ProgramPatch,
  before?: Program,
): Promise<Partial<Program>> {
  for (const url of [input.contacts?.webhook, input.staff?.webhook, input.learningBuilder?.baseUrl]) {
    if (url !== undefined && url !== null) await requireCallable(ctx, url);
  }
  const columns: Partial<Program> = {};
  if (input.name !== undefined) columns.name = input.name;
  if (input.timeZone !== undefined) columns.timeZone = input.timeZone;
  if (input.contacts !== undefined) columns.contacts = input.contacts;
  if (input.staff !== undefined) columns.staff = input.staff;
  if (input.nightlySync !== undefined) columns.nightlySync = input.nightlySync;
  if (input.retention !== undefined) {
    const given = Object.entries(input.retention).filter((entry) => entry[1] !== undefined);
    columns.retention = { ...defaultRetention, ...before?.retention, ...Object.fromEntries(given) };
  }
  if (input.learningBuilder !== undefined) {
    columns.learningBuilderUrl = input.learningBuilder?.baseUrl ?? null;
    if (input.learningBuilder === null) columns.learningBuilderKey = null;
    else if (input.learningBuilder.apiKey === undefined) {
      // A key goes to the host it was given for, and to no other: whoever may change the address cannot read it.
      const { baseUrl } = input.learningBuilder;
      if (!isSameOrigin(baseUrl, before?.learningBuilderUrl ?? null)) columns.learningBuilderKey = null;
    } else {
      columns.learningBuilderKey = await ctx.sealer.seal(
        input.learningBuilder.apiKey,
        learningBuilderIdentity(programId),
      );
    }
  }
  return columns;
}

function isSameOrigin(url: string, before: string | null): boolean {
  return before !== null && new URL(url).origin === new URL(before).origin;
}

/** Throws `url_not_allowed` for an address that the hub would refuse to call. */
async function requireCallable(ctx: Ctx, text: string): Promise<void> {
  const judged = await checkCallable(text, ctx.outbound);
  if (!judged.ok) throw new AppError('url_not_allowed', judged.message);
}

export function learningBuilderIdentity(programId: string): string {
  return `programs:${programId}:learning_builder_key`;
}

/**
 * A legal, unique bucket name: 3 to 63 of a-z, 0-9 and single inner "-". An id that has to be bent to fit
 * gets a hash of itself, so that two ids never share a bucket.
 */
export function bucketOf(programId: string): string {
  const folded = programId.toLowerCase();
  const slug = folded.replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');
  return slug === folded
    ? `private-${slug}`
    : `private-${slug}-x${bucketHash(folded).toString(36)}`.replace('--', '-');
}
