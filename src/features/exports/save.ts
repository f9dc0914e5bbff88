import type { Ctx } from '../../context.ts';
import { commit, isNullViolation, type Statement } from '../../platform/d1.ts';
import { AppError } from '../../platform/errors.ts';
import { versionTag } from '../../platform/etag.ts';
import { newId } from '../../platform/ids.ts';
import { endAttention, raiseAttention } from '../attention/index.ts';
import { changesBetween, recordAudit } from '../audit/index.ts';
import { lastSequenceBefore } from '../events/index.ts';
import { findProgram } from '../programs/index.ts';
import { type Credentials, credentialsIdentity, openCredentials } from './credentials.ts';
import { type Destination, parseDestination } from './destination.ts';
import { eraseExports } from './lifecycle.ts';
import { beginNights } from './nights.ts';
import { dayBefore, nextNight } from './policy.ts';
import type { ExportIn, ExportPatch } from './schema.ts';
import { type Export, findExport, insertExport, updateExport } from './store.ts';
import { firstTest, type PreparedTest } from './test-file.ts';

export async function createExport(ctx: Ctx, programId: string, input: ExportIn): Promise<Export> {
  const at = ctx.now();
  const exportId = newId('exp', at);
  const { password, ...destination } = requireDestination(input.destination);
  const credentials = toCredentials(password, input.privateKey, input.passphrase);
  const dueZone = input.timeZone ?? (await zoneOf(ctx, programId));
  const { lastLocalDate, endedAt } = dayBefore(dueZone, at);
  const row: Export = {
    exportId,
    programId,
    name: input.name,
    ...input.events,
    format: input.format,
    ...destination,
    credentials: await ctx.sealer.seal(JSON.stringify(credentials), credentialsIdentity(exportId)),
    hasPassword: credentials.password !== undefined,
    hasPrivateKey: credentials.privateKey !== undefined,
    hostKeys: input.hostKeys,
    mode: input.mode,
    atLocalTime: input.atLocalTime,
    timeZone: input.timeZone,
    emptyDay: input.emptyDay,
    guardFormulas: input.guardFormulas,
    manifest: input.manifest,
    active: input.active ?? input.hostKeys.length > 0,
    lastLocalDate,
    bound: await lastSequenceBefore(ctx, programId, endedAt),
    nextDueAt: nextNight({ timeZone: dueZone, atLocalTime: input.atLocalTime }, lastLocalDate).dueAt,
    dueZone,
    testedAt: null,
    createdAt: at,
    updatedAt: at,
    deletedAt: null,
  };
  requireConsistent(row);
  const test = await firstTest(ctx, row);
  if (test) row.testedAt = at;
  await commit(ctx.db, [
    insertExport(ctx, row),
    ...pinProblem(ctx, row),
    ...(test?.statements ?? []),
    recordAudit(ctx, { programId, action: 'export.created', target: exportId, detail: auditOf(row) }),
  ]);
  await test?.start();
  return row;
}

/** Throws `precondition_failed` where the export is not as `ifMatch`, its `ETag`, says any more. */
export async function changeExport(
  ctx: Ctx,
  programId: string,
  exportId: string,
  patch: ExportPatch,
  ifMatch?: string,
): Promise<Export> {
  const before = await requireExport(ctx, programId, exportId);
  if (ifMatch !== undefined && ifMatch !== versionTag(before.updatedAt)) throw changedSince();
  // Two changes within a millisecond are told apart too.
  const updatedAt = Math.max(ctx.now(), before.updatedAt + 1);
  const row: Export = { ...before, ...plainColumns(patch), updatedAt };
  await applyDestination(ctx, row, before, patch);
  requireConsistent(row);
  row.dueZone = row.timeZone ?? (await zoneOf(ctx, programId));
  const clock = { timeZone: row.dueZone, atLocalTime: row.atLocalTime };
  row.nextDueAt = nextNight(clock, row.lastLocalDate).dueAt;
  const test: PreparedTest | null = await firstTest(ctx, row);
  if (test) row.testedAt = ctx.now();
  // How far the nights have come is the nights' own to say: one may begin at this very moment.
  const { lastLocalDate: _, bound: __, ...settings } = row;
  const statements: Statement[] = [
    updateExport(ctx, programId, exportId, settings, ifMatch === undefined ? null : before.updatedAt),
    ...pinProblem(ctx, row),
    ...(test?.statements ?? []),
    recordAudit(ctx, {
      programId,
      action: 'export.changed',
      target: exportId,
      detail: {
        members: Object.keys(patch),
        ...changesBetween<Export>(before, row, auditedMembers),
        ...auditOf(row),
      },
    }),
  ];
  try {
    await commit(ctx.db, statements);
  } catch (error) {
    if (!isNullViolation(error, 'exports.updated_at')) throw error;
    throw changedSince();
  }
  await test?.start();
  if (row.active && row.nextDueAt <= ctx.now()) await beginNights(ctx, programId, exportId);
  return requireExport(ctx, programId, exportId);
}

const changedSince = () =>
  new AppError('precondition_failed', 'Somebody has changed this export since: read it again.');

const unpinned = 'export_unpinned';

/** An export that waits for somebody to pin a key is not told of again: whoever set it up knows. */
function pinProblem(ctx: Ctx, { programId, exportId, name, hostKeys }: Export): Statement[] {
  if (hostKeys.length > 0) return [endAttention(ctx, programId, unpinned, exportId)];
  return [
    raiseAttention(ctx, {
      programId,
      kind: unpinned,
      subject: exportId,
      audience: 'program',
      message: `The export "${name}" sends nothing: no key of its host is pinned.`,
      nextStep: 'Ask the host for its keys, compare them with what its operator says, and pin one.',
      silent: true,
    }),
  ];
}

/** From here on it answers 404; its files and rows are erased in bounded parts, begun at once. */
export async function deleteExport(ctx: Ctx, programId: string, exportId: string): Promise<void> {
  await requireExport(ctx, programId, exportId);
  await commit(ctx.db, [
    updateExport(ctx, programId, exportId, { deletedAt: ctx.now(), active: false }),
    endAttention(ctx, programId, unpinned, exportId),
    recordAudit(ctx, { programId, action: 'export.deleted', target: exportId }),
  ]);
  ctx.after(eraseExports(ctx));
}

export async function requireExport(ctx: Ctx, programId: string, exportId: string): Promise<Export> {
  const row = await findExport(ctx, programId, exportId);
  if (!row) throw new AppError('not_found', 'There is no such export.');
  return row;
}

function plainColumns(patch: ExportPatch): Partial<Export> {
  const { destination: _, privateKey: __, passphrase: ___, events, ...plain } = patch;
  const given = Object.entries(plain).filter(([, value]) => value !== undefined);
  return { ...(Object.fromEntries(given) as Partial<Export>), ...(events ?? {}) };
}

/** A credential goes to the account it was given for, and a pinned key is its own host's: neither moves on. */
async function applyDestination(ctx: Ctx, row: Export, before: Export, patch: ExportPatch): Promise<void> {
  if (patch.destination === undefined && patch.privateKey === undefined && patch.passphrase === undefined)
    return;
  const parsed = patch.destination === undefined ? null : requireDestination(patch.destination);
  const isSameHost = !parsed || (parsed.host === before.host && parsed.port === before.port);
  const isSameAccount = isSameHost && (!parsed || parsed.username === before.username);
  const known = isSameAccount ? await openCredentials(ctx, before) : {};
  const or = <T>(given: T | undefined, otherwise: T): T => (given === undefined ? otherwise : given);
  const credentials = toCredentials(
    parsed?.password ?? known.password ?? null,
    or(patch.privateKey, known.privateKey ?? null),
    or(patch.passphrase, patch.privateKey === undefined ? (known.passphrase ?? null) : null),
  );
  if (parsed) {
    const { password: _, ...destination } = parsed;
    Object.assign(row, destination);
  }
  if (!isSameHost && patch.hostKeys === undefined) row.hostKeys = [];
  row.hasPassword = credentials.password !== undefined;
  row.hasPrivateKey = credentials.privateKey !== undefined;
  row.credentials = await ctx.sealer.seal(JSON.stringify(credentials), credentialsIdentity(row.exportId));
}

function toCredentials(
  password: string | null,
  privateKey: string | null,
  passphrase: string | null,
): Credentials {
  return {
    ...(password === null ? {} : { password }),
    ...(privateKey === null ? {} : { privateKey }),
    ...(privateKey === null || passphrase === null ? {} : { passphrase }),
  };
}

function requireDestination(text: string): Destination {
  const parsed = parseDestination(text);
  if (parsed.ok) return parsed.destination;
  throw new AppError('invalid_input', parsed.issues.map(({ message }) => message).join(' '), {
    issues: parsed.issues,
  });
}

function requireConsistent(row: Export): void {
  if (!row.hasPassword && !row.hasPrivateKey) {
    const message =
      'Nothing logs in: put a password into the URL, or give a privateKey. Those of another account are not taken over.';
    throw new AppError('invalid_input', message, {
      issues: [{ path: 'destination', code: 'credentials', message }],
    });
  }
  if (row.emptyDay === 'send' && row.types.length === 0) {
    const message = 'With "emptyDay": "send" list the event types: a file is sent for each of them.';
    throw new AppError('invalid_input', message, {
      issues: [{ path: 'events.types', code: 'types_required', message }],
    });
  }
  if (row.active && row.hostKeys.length === 0) {
    throw new AppError(
      'conflict',
      'An active export needs the host’s key: POST …/probe shows it, PATCH {"hostKeys": […]} pins it; or set "active": false.',
    );
  }
}

async function zoneOf(ctx: Ctx, programId: string): Promise<string> {
  return (await findProgram(ctx, programId))?.timeZone ?? 'UTC';
}

/** Where files go and which keys are trusted, for whoever asks later; no secret. */
const auditedMembers = ['name', 'format', 'host', 'port', 'directory', 'hostKeys', 'atLocalTime'] as const;

function auditOf(row: Export): Record<string, unknown> {
  return { host: row.host, port: row.port, hostKeys: row.hostKeys, active: row.active };
}
