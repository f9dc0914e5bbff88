import { afterAll, beforeAll } from 'vitest';
import { type Hub, startHub } from '../../scripts/hub.ts';
import { type Call, caller, localSystemKey } from './client.ts';

/** A hub of its own for a file of tests, from before the first of them until after the last. */
export function ownHub(): { hub: Hub; system: Call } {
  const hub = {} as Hub;
  beforeAll(async () => {
    Object.assign(hub, await startHub());
  });
  afterAll(() => hub.stop?.());
  return { hub, system: (...call) => caller(hub.url, localSystemKey)(...call) };
}
