import { datasetPage } from './pages/datasets.tsx';
import { deliveryPage, retryDelivery, showRequest } from './pages/delivery.tsx';
import { dropPage, rotateDrop, showSecrets } from './pages/drop.tsx';
import { eventPage, replayEvent, showEvent } from './pages/event.tsx';
import { eventsPage, publishTest } from './pages/events.tsx';
import {
  changeExport,
  deleteExport,
  exportPage,
  pinKey,
  probeExport,
  setExportActive,
  testExport,
} from './pages/export.tsx';
import { createExport, exportsPage } from './pages/exports.tsx';
import { deleteFile, runFile, uploadFile } from './pages/file.tsx';
import { filesPage } from './pages/files.tsx';
import { addSource, archiveFlow, flowPage, removeSource, requestSync } from './pages/flow.tsx';
import { createFlow, flowsPage } from './pages/flows.tsx';
import { decideJob, jobPage, showRejects } from './pages/job.tsx';
import { countJobRetries, jobsPage, retryJobs } from './pages/jobs.tsx';
import { createKey, endSession, keysPage, revokeKey, rotateKey } from './pages/keys.tsx';
import {
  deleteMonitor,
  monitorsPage,
  pingMonitor,
  saveMonitor,
  snoozeMonitor,
  wakeMonitor,
} from './pages/monitors.tsx';
import { nightPage, sendNight } from './pages/night.tsx';
import { overviewPage } from './pages/overview.tsx';
import { countProblemRetry, handleProblem, resolveProblem, retryProblem } from './pages/problem.tsx';
import { recordPage, showRecord } from './pages/record.tsx';
import { cancelRecovery, countRecovery, recoveryPage, startRecovery } from './pages/recovery.tsx';
import { searchRecords } from './pages/search.tsx';
import { subscriptionPage } from './pages/subscription.tsx';
import {
  countRewind,
  countSync,
  replayEvent as replayToSubscription,
  retryQuarantine,
  rewind,
  setNightly,
  syncNow,
} from './pages/sync.tsx';
import { systemPage } from './pages/system.tsx';
import { removeCategory, saveTemplate, templatePage, tryTemplate } from './pages/template.tsx';
import { revertTemplate, templateVersionsPage } from './pages/template-versions.tsx';
import {
  changeWebhook,
  deleteWebhook,
  pauseOrResume,
  rotateWebhook,
  testWebhook,
  webhookPage,
} from './pages/webhook.tsx';
import { createWebhook, webhooksPage } from './pages/webhooks.tsx';
import type { ActionRoute } from './view.ts';

/** Every form: what it does, and the page that shows it again where it was refused. */
export const actionRoutes: ActionRoute[] = [
  ...Object.entries({
    'sync/count': countSync,
    sync: syncNow,
    'quarantine/retry': retryQuarantine,
    replay: replayToSubscription,
  }).map(([verb, act]): ActionRoute => {
    const path = `/p/:programId/subscriptions/:publisherId/${verb}`;
    return { path, section: 'subscriptions', scope: 'templates', act, page: subscriptionPage };
  }),
  ...Object.entries({ nightly: setNightly, 'rewind/count': countRewind, rewind }).map(
    ([verb, act]): ActionRoute => {
      const path = `/p/:programId/subscriptions/:publisherId/${verb}`;
      return { path, section: 'subscriptions', scope: 'system', act, page: subscriptionPage };
    },
  ),
  {
    ...{ path: '/p/:programId/jobs/:jobId/show', section: 'jobs', scope: 'read', values: 'rows' },
    ...{ act: showRejects, page: jobPage },
  },
  ...Object.entries({
    ':verb{acknowledge|ignore|reopen}': handleProblem,
    resolve: resolveProblem,
    'retry/count': countProblemRetry,
    retry: retryProblem,
  }).flatMap(([verb, act]): ActionRoute[] => [
    {
      path: `/p/:programId/problems/:attentionId/${verb}`,
      section: 'overview',
      scope: 'manage',
      act,
      page: overviewPage,
    },
    { path: `/hub/problems/:attentionId/${verb}`, section: '', scope: 'system', act, page: systemPage },
  ]),
  ...Object.entries({ '': saveTemplate, '/preview': tryTemplate, '/remove': removeCategory }).map(
    ([verb, act]): ActionRoute => {
      const path = `/p/:programId/subscriptions/:publisherId/template${verb}`;
      return {
        path,
        section: 'subscriptions',
        scope: 'templates',
        values: 'previews',
        act,
        page: templatePage,
      };
    },
  ),
  {
    path: '/p/:programId/subscriptions/:publisherId/template/versions/:version/revert',
    section: 'subscriptions',
    scope: 'templates',
    act: revertTemplate,
    page: templateVersionsPage,
  },
  ...Object.entries({ 'retry/count': countJobRetries, retry: retryJobs }).map(
    ([verb, act]): ActionRoute => ({
      path: `/p/:programId/jobs/${verb}`,
      section: 'jobs',
      scope: 'jobs',
      act,
      page: jobsPage,
    }),
  ),
  {
    path: '/p/:programId/jobs/:jobId/:verb{approve|reject|cancel|retry|undo}',
    section: 'jobs',
    scope: 'jobs',
    act: decideJob,
    page: jobPage,
  },
  {
    path: '/p/:programId/deliveries/:deliveryId/show',
    section: 'deliveries',
    scope: 'read',
    // The wider of two kinds: which one it is, its channel tells.
    values: 'batches',
    act: showRequest,
    page: deliveryPage,
  },
  {
    path: '/p/:programId/deliveries/:deliveryId/retry',
    section: 'deliveries',
    scope: 'webhooks',
    act: retryDelivery,
    page: deliveryPage,
  },
  {
    path: '/p/:programId/events/publish',
    section: 'events',
    scope: 'events:publish',
    act: publishTest,
    page: eventsPage,
  },
  {
    path: '/p/:programId/events/:eventId/show',
    section: 'events',
    scope: 'read',
    values: 'events',
    act: showEvent,
    page: eventPage,
  },
  {
    path: '/p/:programId/events/:eventId/replay',
    section: 'events',
    scope: 'webhooks',
    act: replayEvent,
    page: eventPage,
  },
  {
    ...{ path: '/p/:programId/files/upload', section: 'files', scope: 'files', takesFile: true },
    ...{ act: uploadFile, page: filesPage },
  },
  {
    ...{ path: '/p/:programId/files/:folder/:filename/run', section: 'files', scope: 'jobs' },
    ...{ act: runFile, page: filesPage },
  },
  {
    ...{ path: '/p/:programId/files/:folder/:filename/delete', section: 'files', scope: 'files' },
    ...{ act: deleteFile, page: filesPage },
  },
  {
    path: '/p/:programId/datasets/:dataset/search',
    section: 'datasets',
    scope: 'read',
    values: 'rows',
    act: searchRecords,
    page: datasetPage,
  },
  {
    path: '/p/:programId/datasets/:dataset/record',
    section: 'datasets',
    scope: 'read',
    values: 'rows',
    act: showRecord,
    page: recordPage,
  },
  {
    path: '/p/:programId/webhooks',
    section: 'webhooks',
    scope: 'webhooks',
    act: createWebhook,
    page: webhooksPage,
  },
  ...Object.entries({
    ':active{pause|resume}': pauseOrResume,
    test: testWebhook,
    change: changeWebhook,
    rotate: rotateWebhook,
    'recover/count': countRecovery,
    recover: startRecovery,
    delete: deleteWebhook,
  }).map(([verb, act]): ActionRoute => {
    const path = `/p/:programId/webhooks/:webhookId/${verb}`;
    return { path, section: 'webhooks', scope: 'webhooks', act, page: webhookPage };
  }),
  {
    path: '/p/:programId/webhooks/:webhookId/recoveries/:recoveryId/cancel',
    section: 'webhooks',
    scope: 'webhooks',
    act: cancelRecovery,
    page: recoveryPage,
  },
  { path: '/p/:programId/flows', section: 'flows', scope: 'flows', act: createFlow, page: flowsPage },
  ...Object.entries({
    sync: requestSync,
    ':archived{archive|reopen}': archiveFlow,
    sources: addSource,
    'sources/:sourceId/delete': removeSource,
  }).map(([verb, act]): ActionRoute => {
    const path = `/p/:programId/flows/:flowId/${verb}`;
    return { path, section: 'flows', scope: 'flows', act, page: flowPage };
  }),
  {
    path: '/p/:programId/exports',
    section: 'exports',
    scope: 'exports',
    act: createExport,
    page: exportsPage,
  },
  ...Object.entries({
    probe: probeExport,
    pin: pinKey,
    test: testExport,
    change: changeExport,
    delete: deleteExport,
    ':active{pause|resume}': setExportActive,
  }).map(([verb, act]): ActionRoute => {
    const path = `/p/:programId/exports/:exportId/${verb}`;
    return { path, section: 'exports', scope: 'exports', act, page: exportPage };
  }),
  {
    path: '/p/:programId/exports/:exportId/nights/:localDate/send',
    section: 'exports',
    scope: 'exports',
    act: sendNight,
    page: nightPage,
  },
  {
    path: '/p/:programId/monitors',
    section: 'monitors',
    scope: 'webhooks',
    act: saveMonitor,
    page: monitorsPage,
  },
  ...Object.entries({
    delete: deleteMonitor,
    snooze: snoozeMonitor,
    wake: wakeMonitor,
    ping: pingMonitor,
  }).map(([verb, act]): ActionRoute => {
    const path = `/p/:programId/monitors/:monitor/${verb}`;
    return { path, section: 'monitors', scope: 'webhooks', act, page: monitorsPage };
  }),
  { path: '/p/:programId/drop/secrets', section: 'drop', scope: 'manage', act: showSecrets, page: dropPage },
  { path: '/p/:programId/drop/rotate', section: 'drop', scope: 'manage', act: rotateDrop, page: dropPage },
  { path: '/p/:programId/keys', section: 'keys', scope: 'manage', act: createKey, page: keysPage },
  ...Object.entries({ rotate: rotateKey, revoke: revokeKey }).map(([verb, act]): ActionRoute => {
    const path = `/p/:programId/keys/:keyId/${verb}`;
    return { path, section: 'keys', scope: 'manage', act, page: keysPage };
  }),
  {
    path: '/p/:programId/sessions/:sessionId/end',
    section: 'keys',
    scope: 'manage',
    act: endSession,
    page: keysPage,
  },
];
