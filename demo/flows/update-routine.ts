import { listen, type Participant, putOnFlow } from './listen.ts';
import type { Student } from './students.ts';

// The first story: a routine that makes the flow's participants those of the class that its reference names.
await listen(async ({ hub, request: { flowId }, source: { reference }, students }) => {
  const enrolled = await students<Student[]>('/class', { reference });
  const { created, updated } = await putOnFlow(hub, flowId, enrolled);
  const stays = new Set(enrolled.map(({ id }) => id));
  const there = await hub.all<Participant>(`/api/flows/${flowId}/participants`);
  const gone = there.filter(({ externalId }) => !stays.has(externalId));
  for (const { participantId } of gone)
    await hub.remove(`/api/flows/${flowId}/participants/${participantId}`);
  return `${created} added, ${updated} changed, ${gone.length} removed`;
});
