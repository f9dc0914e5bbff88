import { eq, like, not } from 'drizzle-orm';
import type { Ctx, SealedColumn } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import { toBase64Url } from '../../platform/encoding.ts';
import { dropKeys } from './table.ts';

export const dropKeyIdentity = (accessKeyId: string) => `drop_keys:${accessKeyId}:secret`;

/** The statements that give a program a fresh access key pair for its bucket, its secret sealed. */
export async function createDropKey(ctx: Ctx, programId: string): Promise<Statement[]> {
  const accessKeyId = `CWAK${randomCapitals(16)}`;
  const secret = toBase64Url(crypto.getRandomValues(new Uint8Array(30)));
  const sealed = await ctx.sealer.seal(secret, dropKeyIdentity(accessKeyId));
  const row = { accessKeyId, programId, sealed, createdAt: ctx.now() };
  return [ctx.db.insert(dropKeys).values(row)];
}

/** Twenty capitals and digits in all, as S3 clients expect of an access key id. */
function randomCapitals(length: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  return Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) =>
    alphabet.charAt(byte & 31),
  ).join('');
}

/** For the re-seal command. */
export const sealedDropKeys: SealedColumn = {
  name: 'drop_keys.sealed',
  async list(ctx, keyId, limit) {
    const rows = await ctx.db
      .select()
      .from(dropKeys)
      .where(not(like(dropKeys.sealed, `${keyId}.%`)))
      .limit(limit);
    return rows.map(({ accessKeyId, sealed }) => ({
      sealed,
      identity: dropKeyIdentity(accessKeyId),
      write: (again) =>
        ctx.db.update(dropKeys).set({ sealed: again }).where(eq(dropKeys.accessKeyId, accessKeyId)),
    }));
  },
};
