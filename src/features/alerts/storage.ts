import type { Ctx } from '../../context.ts';
import { commit, databaseBytes } from '../../platform/d1.ts';
import { endAttention, raiseAttention } from '../attention/index.ts';
import { hubProgramId } from './send.ts';

/** From here staff are told; D1 ends at `MAX_DATABASE_BYTES` and cannot be raised. */
const tellFrom = 0.8;

/** Tells staff in time that a database is filling up; 1 where it is. */
export async function watchStorage(ctx: Ctx): Promise<number> {
  const limit = ctx.config.MAX_DATABASE_BYTES;
  const bytes = await databaseBytes(ctx.db);
  const percent = Math.floor((100 * bytes) / limit);
  const subject = 'control';
  if (bytes < tellFrom * limit) {
    await commit(ctx.db, [endAttention(ctx, hubProgramId, 'database_filling', subject)]);
    return 0;
  }
  await commit(ctx.db, [
    raiseAttention(ctx, {
      programId: hubProgramId,
      kind: 'database_filling',
      subject,
      audience: 'staff',
      message: `The database is ${percent} % full (${bytes} of ${limit} bytes).`,
      nextStep:
        'Shorten retentions or move programs to a database of their own: from 95 % new jobs are refused.',
    }),
  ]);
  return 1;
}
