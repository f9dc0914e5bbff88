import { auditPage } from './pages/audit.tsx';
import { datasetPage, datasetsPage, recordPage, showRecord } from './pages/datasets.tsx';
import { deliveriesPage, deliveryPage, retryDelivery } from './pages/deliveries.tsx';
import { eventPage, eventsPage } from './pages/events.tsx';
import { filesPage } from './pages/files.tsx';
import { addSource, createFlow, flowPage, flowsPage, removeSource, requestSync } from './pages/flows.tsx';
import { hubPage } from './pages/hub.tsx';
import { decideJob, jobPage } from './pages/job.tsx';
import { jobsPage } from './pages/jobs.tsx';
import { jumpTo } from './pages/jump.ts';
import { createKey, endSession, keysPage, revokeKey, rotateKey } from './pages/keys.tsx';
import { overviewPage } from './pages/overview.tsx';
import { subscriptionPage, subscriptionsPage } from './pages/subscriptions.tsx';
import { taskPage, tasksPage } from './pages/tasks.tsx';
import { removeCategory, saveTemplate, templatePage, tryTemplate } from './pages/template.tsx';
import {
  createWebhook,
  deleteWebhook,
  setWebhookActive,
  webhookPage,
  webhooksPage,
} from './pages/webhooks.tsx';
import type { ActionRoute, DownloadRoute, PageRoute } from './view.ts';

/** Every page: its address, whose it is, and what makes it. */
export const pageRoutes: PageRoute[] = [
  { path: '/hub', section: '', scope: 'system', show: hubPage },
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
  {
    path: '/p/:programId/subscriptions/:publisherId/template',
    section: 'subscriptions',
    scope: 'read',
    show: templatePage,
  },
  { path: '/p/:programId/webhooks', section: 'webhooks', scope: 'read', show: webhooksPage },
  { path: '/p/:programId/webhooks/:webhookId', section: 'webhooks', scope: 'read', show: webhookPage },
  { path: '/p/:programId/flows', section: 'flows', scope: 'read', show: flowsPage },
  { path: '/p/:programId/flows/:flowId', section: 'flows', scope: 'read', show: flowPage },
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
];

/** Every form: what it does, and the page that shows it again where it was refused. */
export const actionRoutes: ActionRoute[] = [
  {
    path: '/p/:programId/subscriptions/:publisherId/template',
    section: 'subscriptions',
    scope: 'templates',
    act: saveTemplate,
    page: templatePage,
  },
  {
    path: '/p/:programId/subscriptions/:publisherId/template/preview',
    section: 'subscriptions',
    scope: 'templates',
    act: tryTemplate,
    page: templatePage,
  },
  {
    path: '/p/:programId/subscriptions/:publisherId/template/remove',
    section: 'subscriptions',
    scope: 'templates',
    act: removeCategory,
    page: templatePage,
  },
  {
    path: '/p/:programId/jobs/:jobId/:verb{approve|reject|cancel|retry|undo}',
    section: 'jobs',
    scope: 'jobs',
    act: decideJob,
    page: jobPage,
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
  {
    path: '/p/:programId/webhooks/:webhookId/:active{pause|resume}',
    section: 'webhooks',
    scope: 'webhooks',
    act: setWebhookActive,
    page: webhookPage,
  },
  {
    path: '/p/:programId/webhooks/:webhookId/delete',
    section: 'webhooks',
    scope: 'webhooks',
    act: deleteWebhook,
    page: webhookPage,
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
