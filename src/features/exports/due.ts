import type { Ctx } from '../../context.ts';
import type { Statement } from '../../platform/d1.ts';
import { insertDelivery } from '../deliveries/index.ts';
import type { FileDelivery } from './schema.ts';
import type { Export } from './store.ts';

/** The statement that makes a file due over SFTP. */
export function fileDeliveryRow(
  ctx: Ctx,
  to: Pick<Export, 'programId' | 'host' | 'port'>,
  due: {
    deliveryId: string;
    type: 'export.file' | 'export.test';
    traceId: string;
    about: string;
    body: FileDelivery;
  },
): Statement {
  const { deliveryId, type, traceId, about, body } = due;
  return insertDelivery(ctx, {
    deliveryId,
    programId: to.programId,
    channel: 'sftp',
    type,
    messageId: `msg_${deliveryId.slice(4)}`,
    dedupeKey: `sftp:${deliveryId}`,
    target: `sftp://${to.host.includes(':') ? `[${to.host}]` : to.host}:${to.port}`,
    secretPurpose: '',
    subject: '',
    body: JSON.stringify(body),
    traceId,
    about,
  });
}
