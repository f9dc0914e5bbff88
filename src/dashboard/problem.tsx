import type { ApiProblem } from './api.ts';
import type { Page, View } from './view.ts';

/** What the API refused to show. */
export function problemPage({ problem }: ApiProblem, view: View, section: string): Page {
  const titles: Record<number, string> = {
    403: 'This is not yours to see',
    404: 'There is no such thing here',
    410: 'It has been removed',
  };
  return {
    title: titles[problem.status] ?? problem.title,
    verdict: { tone: 'attention', text: problem.detail },
    body: (
      <>
        <p>
          <WayOn view={view} status={problem.status} section={section} />
        </p>
        <p class="dim">Request {problem.requestId}</p>
      </>
    ),
    status: problem.status as Page['status'] & number,
  };
}

/** Where to go from a page that is not there. */
function WayOn({ view, status, section }: { view: View; status: number; section: string }) {
  const search = <>or paste an id into the box above.</>;
  if (status === 403) return <>Somebody with that scope can open it, or give you a key with it.</>;
  if (view.programId === '' || section === '') return <>Look at the address, {search}</>;
  return (
    <>
      Go back to <a href={view.at(section)}>{section}</a>, {search}
    </>
  );
}
