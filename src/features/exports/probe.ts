import type { Ctx } from '../../context.ts';
import { AppError } from '../../platform/errors.ts';
import { relayProbe } from './relay.ts';
import type { Export } from './store.ts';

/** The keys the host shows, without any credential; and whether each is pinned. */
export async function probeHost(ctx: Ctx, row: Export) {
  const { host, port } = row;
  const answer = await relayProbe(ctx, { host, port });
  if (answer.kind !== 'verdict')
    throw new AppError('unavailable', 'The SFTP relay does not answer now. Try again in a moment.');
  const { verdict } = answer;
  if (!verdict.ok)
    throw new AppError('probe_failed', `${verdict.message} (${verdict.phase}: ${verdict.code})`);
  const hostKeys = verdict.keys.map(({ type, fingerprint }) => {
    const pinned = row.hostKeys.some((one) => one.type === type && one.fingerprint === fingerprint);
    return { type, fingerprint, pinned };
  });
  const { address = null, software = null } = verdict.host;
  return { host, port, address, software, hostKeys, durationMs: verdict.durationMs };
}
