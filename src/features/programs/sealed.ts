import { and, eq, isNotNull, like, not } from 'drizzle-orm';
import type { SealedColumn } from '../../context.ts';
import { learningBuilderIdentity } from './create.ts';
import { programs } from './table.ts';

/** For the re-seal command. */
export const sealedProgramColumns: SealedColumn = {
  name: 'programs.learning_builder_key',
  async list(ctx, keyId, limit) {
    const rows = await ctx.db
      .select({ programId: programs.programId, sealed: programs.learningBuilderKey })
      .from(programs)
      .where(
        and(isNotNull(programs.learningBuilderKey), not(like(programs.learningBuilderKey, `${keyId}.%`))),
      )
      .limit(limit);
    return rows.flatMap(({ programId, sealed }) =>
      sealed === null
        ? []
        : [
            {
              sealed,
              identity: learningBuilderIdentity(programId),
              write: (again: string) =>
                ctx.db
                  .update(programs)
                  .set({ learningBuilderKey: again })
                  .where(eq(programs.programId, programId)),
            },
          ],
    );
  },
};
