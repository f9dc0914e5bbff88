import { algorithmsForType } from './algorithms.ts';
import { type Evidence, exchangeKeys, newClient, noEvidence, openSocket } from './connection.ts';
import { Deadline } from './deadline.ts';
import { type Destination, hostKeyTypes } from './envelope.ts';
import { Failure, type HostKey, type Phase } from './failure.ts';
import type { Limits } from './put.ts';

export type ProbedKey = HostKey & { publicKey: string };

/**
 * The host's keys: one key exchange per type, since a server shows one key for each. Nothing of a login is
 * sent, not even a user name. Throws a `Failure` when no exchange succeeds.
 */
export async function probe(
  destination: Destination,
  limits: Limits,
  evidence: Evidence,
): Promise<ProbedKey[]> {
  const deadline = new Deadline();
  let phase: Phase = 'resolve';
  deadline.limit(
    limits.connectSeconds,
    () =>
      new Failure(
        phase,
        `${phase}_timeout`,
        `The server did not get further than "${phase}" within ${limits.connectSeconds} s.`,
        { retry: true, timeout: true },
      ),
  );
  const keys: ProbedKey[] = [];
  let unlike: Failure | null = null;
  try {
    for (const type of hostKeyTypes) {
      const socket = await openSocket(destination, limits.resolution, deadline, evidence, (next) => {
        phase = next;
      });
      phase = 'handshake';
      const seen = noEvidence();
      const client = newClient();
      try {
        await exchangeKeys(client, socket, {
          algorithms: algorithmsForType(type),
          accepts: () => true,
          refusal: () => new Failure('hostkey', 'host_key_changed', '', { retry: false }),
          deadline,
          evidence: seen,
        });
        if (seen.key) keys.push(seen.key);
      } catch (error) {
        if (!(error instanceof Failure) || error.code !== 'no_common_algorithm') throw error;
        unlike = error;
      } finally {
        evidence.software ??= seen.software;
        socket.destroy();
      }
    }
  } finally {
    deadline.clear();
  }
  if (keys.length === 0 && unlike) throw unlike;
  return keys;
}
