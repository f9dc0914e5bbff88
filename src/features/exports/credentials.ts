import type { Ctx } from '../../context.ts';
import type { Export } from './store.ts';

/** What logs in, beside the user name. */
export interface Credentials {
  password?: string;
  privateKey?: string;
  passphrase?: string;
}

export function credentialsIdentity(exportId: string): string {
  return `exports:${exportId}:credentials`;
}

export async function openCredentials(ctx: Ctx, row: Export): Promise<Credentials> {
  return JSON.parse(await ctx.sealer.open(row.credentials, credentialsIdentity(row.exportId)));
}
