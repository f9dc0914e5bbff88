import { listQuery, programApi } from './components/query.ts';
import { auditPage } from './pages/audit.tsx';
import { datasetPage, datasetsPage } from './pages/datasets.tsx';
import { deliveriesPage } from './pages/deliveries.tsx';
import { deliveryPage } from './pages/delivery.tsx';
import { dropPage } from './pages/drop.tsx';
import { eventPage } from './pages/event.tsx';
import { eventsPage } from './pages/events.tsx';
import { exportPage } from './pages/export.tsx';
import { exportsPage } from './pages/exports.tsx';
import { filesPage } from './pages/files.tsx';
import { flowPage } from './pages/flow.tsx';
import { flowsPage } from './pages/flows.tsx';
import { hubPage } from './pages/hub.tsx';
import { jobPage } from './pages/job.tsx';
import { jobsPage } from './pages/jobs.tsx';
import { jumpTo } from './pages/jump.tsx';
import { keyboardPage } from './pages/keyboard.tsx';
import { keysPage } from './pages/keys.tsx';
import { monitorsPage } from './pages/monitors.tsx';
import { nightPage, openNightFile } from './pages/night.tsx';
import { overviewPage } from './pages/overview.tsx';
import { recordPage } from './pages/record.tsx';
import { recoveryPage } from './pages/recovery.tsx';
import { subscriptionPage } from './pages/subscription.tsx';
import { subscriptionsPage } from './pages/subscriptions.tsx';
import { systemPage } from './pages/system.tsx';
import { taskPage, tasksPage } from './pages/tasks.tsx';
import { templatePage } from './pages/template.tsx';
import { templateVersionsPage } from './pages/template-versions.tsx';
import { openTrace, tracePage } from './pages/trace.tsx';
import { webhookPage } from './pages/webhook.tsx';
import { webhooksPage } from './pages/webhooks.tsx';
import type { DownloadRoute, PageRoute } from './view.ts';

/** Every page: its address, whose it is, and what makes it. */
export const pageRoutes: PageRoute[] = [
  { path: '/hub', section: '', scope: 'system', show: hubPage },
  { path: '/hub/system', section: '', scope: 'system', show: systemPage },
  { path: '/keyboard', section: '', scope: 'read', show: keyboardPage },
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
  {
    path: '/p/:programId/subscriptions/:publisherId/template/versions',
    section: 'subscriptions',
    scope: 'read',
    show: templateVersionsPage,
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
    values: 'rows',
    taken: {
      action: 'file.downloaded',
      target: ({ folder = '', filename = '' }) => `${folder}/${filename}`,
    },
    open: ({ api, programId, params }) =>
      api.ask(
        'GET',
        `/api/programs/${encodeURIComponent(programId)}/files/${encodeURIComponent(params.folder ?? '')}/${encodeURIComponent(params.filename ?? '')}`,
      ),
  },
  {
    path: '/p/:programId/jobs/:jobId/errors.csv',
    scope: 'read',
    values: 'rows',
    taken: { action: 'job.report_downloaded', target: ({ jobId = '' }) => jobId },
    open: ({ api, params }) =>
      api.ask('GET', `/api/jobs/${encodeURIComponent(params.jobId ?? '')}/errors.csv`),
  },
  {
    path: '/p/:programId/exports/:exportId/nights/:localDate/files/:name',
    scope: 'read',
    values: 'nights',
    taken: {
      action: 'export.file_downloaded',
      target: ({ exportId = '', localDate = '', name = '' }) => `${exportId}/${localDate}/${name}`,
    },
    open: openNightFile,
  },
  {
    path: '/p/:programId/datasets/:dataset/records.csv',
    scope: 'read',
    values: 'rows',
    open: (view) =>
      view.api.ask(
        'GET',
        programApi(view, `datasets/${encodeURIComponent(view.params.dataset ?? '')}/records.csv`),
      ),
  },
  {
    path: '/p/:programId/audit.csv',
    scope: 'manage',
    open: (view) =>
      view.api.ask('GET', programApi(view, `audit.csv${listQuery(view, ['actor', 'action', 'target'])}`)),
  },
  { path: '/p/:programId/t/:traceId/trace.json', scope: 'read', open: openTrace },
];
