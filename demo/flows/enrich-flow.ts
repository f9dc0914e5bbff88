import { listen, putOnFlow } from './listen.ts';
import type { Exam } from './students.ts';

// The second story: a manager made an empty flow. All that is known of it is in the webhook: its id and its code.
await listen(async ({ hub, request: { flowId, flowCode }, students }) => {
  const exam = await students<Exam>('/exam', { flowCode, flowId: String(flowId) });
  await hub.send('PATCH', `/api/flows/${flowId}`, { title: exam.title, data: { term: exam.term } });
  const { created } = await putOnFlow(hub, flowId, exam.students);
  const by = exam.flowCode === flowCode ? `code ${flowCode}` : `id ${flowId}`;
  return `found by its ${by}: "${exam.title}", ${created} participants`;
});
