import type { Registry } from './context.ts';
import { activityLifecycle } from './features/activity/index.ts';
import { attentionLifecycle } from './features/attention/index.ts';
import { auditLifecycle } from './features/audit/index.ts';
import {
  deliveriesLifecycle,
  deliveriesRemedy,
  emailChannel,
  pingChannel,
  webhookChannel,
} from './features/deliveries/index.ts';
import { dropsLifecycle, sealedDropKeys } from './features/drops/index.ts';
import { eventsLifecycle } from './features/events/index.ts';
import {
  exportsLifecycle,
  sealedExportColumns,
  sftpChannel,
  watchedExport,
} from './features/exports/index.ts';
import { filesLifecycle, untakenRemedy } from './features/files/index.ts';
import { flowsLifecycle } from './features/flows/index.ts';
import { jobsLifecycle, jobsRemedy, startOnDrop } from './features/jobs/index.ts';
import { keysLifecycle } from './features/keys/index.ts';
import { monitorsLifecycle } from './features/monitors/index.ts';
import { sealedProgramColumns } from './features/programs/index.ts';
import { recordsLifecycle } from './features/records/index.ts';
import { subscriptionsLifecycle, watchedSubscription } from './features/subscriptions/index.ts';
import { batchChannel, quarantineRemedy, syncsLifecycle } from './features/syncs/index.ts';
import { tasksLifecycle, watchedTask } from './features/tasks/index.ts';
import { sealedEndpointHeaders, sealedSigningSecrets, webhooksLifecycle } from './features/webhooks/index.ts';

/** What would point upward among the slices meets here, in the slices' order. */
export const registry: Registry = {
  onFileStored: startOnDrop,
  remedies: {
    delivery_exhausted: deliveriesRemedy,
    delivery_waits: deliveriesRemedy,
    job_failed: jobsRemedy,
    job_given_up: jobsRemedy,
    sync_quarantine: quarantineRemedy,
    drop_not_taken: untakenRemedy,
  },
  watched: { task: watchedTask, export: watchedExport, subscription: watchedSubscription },
  channels: {
    webhook: webhookChannel,
    email: emailChannel,
    ping: pingChannel,
    sftp: sftpChannel,
    batch: batchChannel,
  },
  lifecycles: [
    auditLifecycle,
    activityLifecycle,
    attentionLifecycle,
    webhooksLifecycle,
    deliveriesLifecycle,
    monitorsLifecycle,
    keysLifecycle,
    dropsLifecycle,
    filesLifecycle,
    subscriptionsLifecycle,
    eventsLifecycle,
    tasksLifecycle,
    recordsLifecycle,
    jobsLifecycle,
    syncsLifecycle,
    exportsLifecycle,
    flowsLifecycle,
  ],
  sealedColumns: [
    sealedProgramColumns,
    sealedSigningSecrets,
    sealedEndpointHeaders,
    sealedDropKeys,
    sealedExportColumns,
  ],
};
