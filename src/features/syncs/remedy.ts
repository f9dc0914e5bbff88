import type { Remedy } from '../../context.ts';
import { retryQuarantine } from './run.ts';
import { listQuarantine } from './store.ts';

/** Rows that a plan counts; the retry takes all there are, however many. */
const countedTo = 200;

/** All of a subscription's quarantine is rendered again, and synchronised. */
export const quarantineRemedy: Remedy = {
  scope: 'templates',
  async plan(ctx, { programId, subject: publisherId }) {
    const rows = await listQuarantine(ctx, { programId, publisherId }, 0, countedTo + 1);
    return {
      count: Math.min(rows.length, countedTo),
      more: rows.length > countedTo,
      of: `quarantined events of ${publisherId}`,
      async run() {
        const { sync } = await retryQuarantine(ctx, programId, publisherId);
        return { started: sync.selected, refused: 0 };
      },
    };
  },
};
