import type { Ctx } from '../../context.ts';
import { learningBuilderIdentity } from './create.ts';
import type { Program } from './store.ts';

/** Where the program's own rows go, and the key for it; null until both are set. */
export async function openLearningBuilder(
  ctx: Ctx,
  program: Program,
): Promise<{ baseUrl: string; apiKey: string } | null> {
  const { learningBuilderUrl: baseUrl, learningBuilderKey } = program;
  if (baseUrl === null || learningBuilderKey === null) return null;
  const apiKey = await ctx.sealer.open(learningBuilderKey, learningBuilderIdentity(program.programId));
  return { baseUrl, apiKey };
}
