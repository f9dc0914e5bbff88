import { auditPage } from './pages/audit.tsx';
import { datasetPage, datasetsPage, recordPage, showRecord } from './pages/datasets.tsx';
import { deliveriesPage } from './pages/deliveries.tsx';
import { deliveryPage, retryDelivery, showRequest } from './pages/delivery.tsx';
import { dropPage, rotateDrop, showSecrets } from './pages/drop.tsx';
import { eventPage, eventsPage } from './pages/events.tsx';
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
import { filesPage } from './pages/files.tsx';
import { addSource, createFlow, flowPage, flowsPage, removeSource, requestSync } from './pages/flows.tsx';
import { hubPage } from './pages/hub.tsx';
import { decideJob, jobPage } from './pages/job.tsx';
import { jobsPage } from './pages/jobs.tsx';
import { jumpTo } from './pages/jump.tsx';
import { createKey, endSession, keysPage, revokeKey, rotateKey } from './pages/keys.tsx';
import { deleteMonitor, monitorsPage, saveMonitor } from './pages/monitors.tsx';
import { nightPage, openNightFile, sendNight } from './pages/night.tsx';
import { overviewPage, resolveProblem } from './pages/overview.tsx';
import { cancelRecovery, countRecovery, recoveryPage, startRecovery } from './pages/recovery.tsx';
import { subscriptionPage, subscriptionsPage } from './pages/subscriptions.tsx';
import { systemPage } from './pages/system.tsx';
import { taskPage, tasksPage } from './pages/tasks.tsx';
import { openTrace, tracePage } from './pages/trace.tsx';
import {
  changeWebhook,
  deleteWebhook,
  pauseOrResume,
  rotateWebhook,
  testWebhook,
  webhookPage,
} from './pages/webhook.tsx';
import { createWebhook, webhooksPage } from './pages/webhooks.tsx';
import type { ActionRoute, DownloadRoute, PageRoute } from './view.ts';

/** Every page: its address, whose it is, and what makes it. */
export const pageRoutes: PageRoute[] = [
  { path: '/hub', section: '', scope: 'system', show: hubPage },
  { path: '/hub/system', section: '', scope: 'system', show: systemPage },
  { path: '/jump', section: '', scope: 'read', show: jumpTo },
  { path: '/p/:programId/overview', section: 'overview', scope: 'read', show: overviewPage },
  { path: '/p/:programId/files', section: 'files', scope: 'read', show: filesPage },
  { path: '/p/:programId/jobs', section: 'jobs', scope: 'read', show: jobsPage },
  { path: '/p/:programId/jobs/:jobId', section: 'jobs', scope: 'read', show: jobPage },
  { path: '/p/:programId/tasks', section: 'tasks', scope: 'read', show: tasksPage },
  { path: '/p/:programId/tasks/:job', section: 'tasks', scope: 'read', show: taskPage },
  { path: '/p/:programId/datasets', section: 'datasets', scope: 'read', show: datasetsPage },
  { path: '/p/:programId/datasets/:dataset', section: 'datasets', scope: 'read', show: datasetPage },
  { path: '/p/:programId/datasets/:dataset/record', section: 'datasets', scope: 'read', show: recordPage },
  { path: '/p/:programId/deliveries', section: 'deliveries', scope: 'read', show: deliveriesPage },
  { path: '/p/:programId/deliveries/:deliveryId', section: 'deliveries', scope: 'read', show: deliveryPage },
  { path: '/p/:programId/events', section: 'events', scope: 'read', show: eventsPage },
  { path: '/p/:programId/events/:eventId', section: 'events', scope: 'read', show: eventPage },
  { path: '/p/:programId/subscriptions', section: 'subscriptions', scope: 'read', show: subscriptionsPage },
  {
    path: '/p/:programId/subscriptions/:publisherId',
    section: 'subscriptions',
    scope: 'read',
    show: subscriptionPage,
  },
  { path: '/p/:programId/webhooks', section: 'webhooks', scope: 'read', show: webhooksPage },
  { path: '/p/:programId/webhooks/:webhookId', section: 'webhooks', scope: 'read', show: webhookPage },
  {
    path: '/p/:programId/webhooks/:webhookId/recoveries/:recoveryId',
    section: 'webhooks',
    scope: 'read',
    show: recoveryPage,
  },
  { path: '/p/:programId/flows', section: 'flows', scope: 'read', show: flowsPage },
  { path: '/p/:programId/flows/:flowId', section: 'flows', scope: 'read', show: flowPage },
  { path: '/p/:programId/exports', section: 'exports', scope: 'read', show: exportsPage },
  { path: '/p/:programId/exports/:exportId', section: 'exports', scope: 'read', show: exportPage },
  {
    path: '/p/:programId/exports/:exportId/nights/:localDate',
    section: 'exports',
    scope: 'read',
    show: nightPage,
  },
  { path: '/p/:programId/monitors', section: 'monitors', scope: 'read', show: monitorsPage },
  { path: '/p/:programId/t/:traceId', section: '', scope: 'read', show: tracePage },
  { path: '/p/:programId/drop', section: 'drop', scope: 'read', show: dropPage },
  { path: '/p/:programId/keys', section: 'keys', scope: 'manage', show: keysPage },
  { path: '/p/:programId/audit', section: 'audit', scope: 'manage', show: auditPage },
];

/** What is downloaded, through the API's own routes. */
export const downloadRoutes: DownloadRoute[] = [
  {
    path: '/p/:programId/files/:folder/:filename',
    scope: 'read',
    open: ({ api, programId, params }) =>
      api.ask(
        'GET',
        `/api/programs/${encodeURIComponent(programId)}/files/${encodeURIComponent(params.folder ?? '')}/${encodeURIComponent(params.filename ?? '')}`,
      ),
  },
  {
    path: '/p/:programId/jobs/:jobId/errors.csv',
    scope: 'read',
    open: ({ api, params }) =>
      api.ask('GET', `/api/jobs/${encodeURIComponent(params.jobId ?? '')}/errors.csv`),
  },
  {
    path: '/p/:programId/exports/:exportId/nights/:localDate/files/:name',
    scope: 'read',
    open: openNightFile,
  },
  { path: '/p/:programId/t/:traceId/trace.json', scope: 'read', open: openTrace },
];

/** Every form: what it does, and the page that shows it again where it was refused. */
export const actionRoutes: ActionRoute[] = [
  {
    path: '/p/:programId/problems/:attentionId/resolve',
    section: 'overview',
    scope: 'manage',
    act: resolveProblem,
    page: overviewPage,
  },
  {
    path: '/hub/problems/:attentionId/resolve',
    section: '',
    scope: 'system',
    act: resolveProblem,
    page: systemPage,
  },
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
    scope: 'webhooks',
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
    path: '/p/:programId/datasets/:dataset/record',
    section: 'datasets',
    scope: 'read',
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
  {
    path: '/p/:programId/flows/:flowId/sync',
    section: 'flows',
    scope: 'flows',
    act: requestSync,
    page: flowPage,
  },
  {
    path: '/p/:programId/flows/:flowId/sources',
    section: 'flows',
    scope: 'flows',
    act: addSource,
    page: flowPage,
  },
  {
    path: '/p/:programId/flows/:flowId/sources/:sourceId/delete',
    section: 'flows',
    scope: 'flows',
    act: removeSource,
    page: flowPage,
  },
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
  {
    path: '/p/:programId/monitors/:monitor/delete',
    section: 'monitors',
    scope: 'webhooks',
    act: deleteMonitor,
    page: monitorsPage,
  },
  { path: '/p/:programId/drop/secrets', section: 'drop', scope: 'manage', act: showSecrets, page: dropPage },
  { path: '/p/:programId/drop/rotate', section: 'drop', scope: 'manage', act: rotateDrop, page: dropPage },
  { path: '/p/:programId/keys', section: 'keys', scope: 'manage', act: createKey, page: keysPage },
  {
    path: '/p/:programId/keys/:keyId/rotate',
    section: 'keys',
    scope: 'manage',
    act: rotateKey,
    page: keysPage,
  },
  {
    path: '/p/:programId/keys/:keyId/revoke',
    section: 'keys',
    scope: 'manage',
    act: revokeKey,
    page: keysPage,
  },
  {
    path: '/p/:programId/sessions/:sessionId/end',
    section: 'keys',
    scope: 'manage',
    act: endSession,
    page: keysPage,
  },
];
