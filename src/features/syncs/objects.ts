import type { Pair, Sync } from './store.ts';

/** Everything that a subscriber's syncs keep. */
export const programFolder = (programId: string): string => `syncs/${programId}/`;

export const syncFolder = ({ programId, syncId }: Pick<Sync, 'programId' | 'syncId'>): string =>
  `${programFolder(programId)}${syncId}/`;

/** The rows of a call, until it is accepted. */
export const callKey = (call: Pick<Pair, 'programId'> & { syncId: string; name: string }): string =>
  `${syncFolder(call)}${call.name}`;

/** The rows of calls that are not full yet, as of a checkpoint. */
export const openPartsKey = (sync: Pick<Sync, 'programId' | 'syncId'>, checkpoint: string): string =>
  `${syncFolder(sync)}open-${checkpoint}`;
