import { listen, type Participant, putOnFlow } from './listen.ts';
import type { Student } from './students.ts';

// The third story: each source of the flow is a class, and its participants are allocated to it alone.
await listen(async ({ hub, request: { flowId }, source, students }) => {
  const enrolled = await students<Student[]>('/class', { reference: source.reference });
  const { ids } = await putOnFlow(hub, flowId, enrolled);
  const allocations = `/api/flows/${flowId}/external-sources/${source.id}/allocations/participants`;
  const before = await hub.all<Participant>(allocations);
  if (ids.length > 0) await hub.send('POST', allocations, ids);
  const stays = new Set(ids);
  const gone = before.filter(({ participantId }) => !stays.has(participantId));
  // Who is in no class any more stays on the flow: no sync takes somebody out of an exam.
  for (const { participantId } of gone) await hub.remove(`${allocations}/${participantId}`);
  return `${ids.length} allocated, ${gone.length} released`;
});
