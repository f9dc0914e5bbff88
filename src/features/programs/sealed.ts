import { and, eq, isNotNull, sql } from 'drizzle-orm';
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
        and(
          isNotNull(programs.learningBuilderKey),
          // Not LIKE: it takes "_" for any character and "K1" for "k1".
          sql`substr(${programs.learningBuilderKey}, 1, ${keyId.length + 1}) <> ${`${keyId}.`}`,
        ),
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
                  // Unless it was changed in between.
                  .where(and(eq(programs.programId, programId), eq(programs.learningBuilderKey, sealed))),
            },
          ],
    );
  },
};
