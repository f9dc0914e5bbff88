import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { signedIn, type Visit, type Visitor } from '../support/browser.ts';
import { allScopes, type Body, localSystemKey, newProgram, type TestProgram } from '../support/client.ts';
import { crawl, tagsOf } from '../support/crawl.ts';
import { addressOf, formOf, forms, oneOfEach, stateOf } from '../support/dashboard-forms.ts';
import { actionRoutes, pageRoutes, type Role, roleScopes, roles } from '../support/dashboard-routes.ts';
import { eventOf, publish } from '../support/events.ts';
import { hostile, madeOfText } from '../support/hostile.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';

// Every form of the routes' own table, by everybody: who may send it, and what becomes of what they type.

const url = inject('hubUrl');
let program: TestProgram;
let receiver: Receiver;
let ids: Record<string, string>;
const visitors = new Map<Role, Visitor>();

const as = (role: Role): Visitor => {
  const visitor = visitors.get(role);
  if (visitor === undefined) throw new Error(`nobody is ${role}`);
  return visitor;
};

beforeAll(async () => {
  receiver = await startReceiver();
  program = await newProgram(url);
  ids = await oneOfEach(url, program, receiver);
  for (const role of roles) {
    const key = role === 'operator' ? localSystemKey : await program.keyWith(...roleScopes[role]);
    visitors.set(role, await signedIn(url, key));
  }
});

afterAll(() => receiver.close());

/** A few at a time: the hub answers side by side. */
async function inParts<T, R>(list: T[], ask: (one: T) => Promise<R>): Promise<R[]> {
  const answers: R[] = [];
  for (let i = 0; i < list.length; i += 8)
    answers.push(...(await Promise.all(list.slice(i, i + 8).map(ask))));
  return answers;
}

const fieldsOf = (path: string) => formOf(path)?.fields(ids) ?? {};
const mayOf = (path: string, role: Role) => role === 'operator' || formOf(path)?.by.includes(role) === true;

const sendTo = (visitor: Visitor, path: string, at: string, fields = fieldsOf(path)): Promise<Visit> =>
  path.endsWith('/upload')
    ? visitor.upload(at, fields, new File(['id,name\n9,Zoe\n'], 'walk.csv'))
    : visitor.post(at, fields);

async function unchanged(act: () => Promise<void>): Promise<void> {
  const state = await stateOf(program, ids);
  await unlogged(act);
  expect(await stateOf(program, ids)).toBe(state);
}

async function unlogged(act: () => Promise<void>): Promise<void> {
  const before = await acts();
  await act();
  expect(await acts()).toEqual(before);
}

const acts = async (): Promise<string[]> =>
  (await program.call('GET', `/api/programs/${program.programId}/audit?limit=20`)).body.items.map(
    ({ auditId, action, target }: Body) => `${auditId} ${action} ${target}`,
  );

const isRefusal = (status: number) => status >= 400 && status < 500;

const paths = actionRoutes.map(({ path }) => path);

describe('the list of forms in this suite', () => {
  it('is the dashboard’s own', () => {
    const known = Object.keys(forms).map((path) => (path.startsWith('/') ? path : `/p/:programId/${path}`));
    expect(known.sort()).toEqual([...paths].sort());
  });

  it('has every field that a page’s form sends', async () => {
    const pages = await crawl(
      as('operator'),
      `/p/${program.programId}/overview`,
      `/p/${program.programId}/`,
      1,
    );
    const routes = paths.map((path) => ({
      path,
      fits: new RegExp(
        `^${path.replaceAll(/:[A-Za-z]+(?:\{([^}]*)\})?/g, (_, choice?: string) => (choice ? `(?:${choice})` : '[^/]+'))}$`,
      ),
    }));
    const missing = new Set<string>();
    let seen = 0;
    for (const { visit } of pages)
      for (const [, head = '', inside = ''] of visit.html.matchAll(
        /(<form method="post"[^>]*>)(.*?)<\/form>/gs,
      )) {
        const action = decodeURI(/action="([^"]*)"/.exec(head)?.[1] ?? '').replaceAll('&amp;', '&');
        if (/^\/(sign-out|news\/read)/.test(action)) continue;
        const route = routes.find(({ fits }) => fits.test(action));
        if (route === undefined) missing.add(action);
        seen++;
        for (const tag of tagsOf(inside)) {
          const name = /^<(?:input|select|textarea|button)\b.*\sname="([^"]*)"/s.exec(tag)?.[1];
          const isKnown = name === undefined || name === '_token' || name === 'file';
          if (!isKnown && !(name in fieldsOf(route?.path ?? ''))) missing.add(`${route?.path}: ${name}`);
        }
      }
    expect(seen).toBeGreaterThan(40);
    expect([...missing]).toEqual([]);
  });
});

describe.each(roles.filter((role) => role !== 'operator'))('every form, for the role %s', (role) => {
  it('is refused with a sentence where it is not theirs, and nothing changes', async () => {
    const refused = paths.filter((path) => !mayOf(path, role));
    expect(refused.length).toBeGreaterThan(5);
    await unchanged(async () => {
      await inParts(refused, async (path) => {
        const { status, html } = await sendTo(as(role), path, addressOf(path, ids, program.programId));
        expect([path, status]).toEqual([path, 403]);
        expect([path, /with the scope “|the operator of this hub/.test(html)]).toEqual([path, true]);
      });
    });
  });

  it('is open to them where it is theirs: only what it is about is not there', async () => {
    const about = paths.filter(
      (path) => mayOf(path, role) && /:(?!programId|verb|active|archived)/.test(path),
    );
    await unlogged(async () => {
      await inParts(about, async (path) => {
        const { status } = await sendTo(as(role), path, addressOf(path, null, program.programId));
        expect([path, status]).toEqual([path, expect.toSatisfy((one) => [400, 404, 409].includes(one))]);
      });
    });
  });
});

describe('every form, with what is another program’s', () => {
  it('finds nothing by their own address, whoever asks, and nothing changes', async () => {
    const other = await newProgram(url);
    const stranger = await signedIn(url, other.key);
    await unchanged(async () => {
      await inParts(paths, async (path) => {
        // A form about the program itself is theirs to send, and a name is of each program's own.
        if (!/:(?!programId|verb|active|archived)/.test(path) || path.startsWith('/hub')) return;
        for (const visitor of [stranger, as('operator')]) {
          const theirs = await sendTo(visitor, path, addressOf(path, ids, other.programId));
          expect([path, theirs.status]).toEqual([path, expect.toSatisfy(isRefusal)]);
        }
      });
    });
  });

  it('names nothing of it in its fields either', async () => {
    const other = await newProgram(url);
    const stranger = await signedIn(url, other.key);
    const [event] = await publish(other, eventOf(other));
    const eventId = event.EventId ?? event.eventId;
    await unchanged(async () => {
      const at = `/p/${other.programId}/events/${eventId}/replay`;
      expect((await stranger.post(at, { webhookId: ids.webhookId ?? '' })).status).toBe(404);
      const run = `/p/${other.programId}/files/warehouse/small.csv/run`;
      expect((await stranger.post(run, { job: 'people' })).status).toSatisfy(isRefusal);
    });
  });
});

describe('every form, without a session of its own', () => {
  it('does nothing with no token, or another session’s', async () => {
    const engineer = await program.keyWith(...allScopes);
    const [mine, another] = await Promise.all([signedIn(url, engineer), signedIn(url, engineer)]);
    const { html } = await another.get(`/p/${program.programId}/overview`);
    const token = /name="_token" value="([^"]+)"/.exec(html)?.[1] ?? '';
    const own = paths.filter((path) => !path.startsWith('/hub') && !/\/(rewind|nightly)/.test(path));
    await unchanged(async () => {
      await inParts([...own.entries()], async ([i, path]) => {
        const _token = i % 2 === 0 ? token : '';
        const fields = { ...fieldsOf(path), _token };
        const { status } = await sendTo(mine, path, addressOf(path, ids, program.programId), fields);
        expect([path, status]).toEqual([path, 403]);
      });
    });
  });
});

describe('twelve hostile strings', () => {
  let walked: TestProgram;
  let own: Record<string, string>;
  let visitor: Visitor;

  beforeAll(async () => {
    walked = await newProgram(url);
    own = await oneOfEach(url, walked, receiver);
    visitor = await signedIn(url, localSystemKey);
  });

  const check = (what: unknown, { status, html, location }: Visit) => {
    // What answers 502 is the host that an export names.
    expect([what, status]).toEqual([what, expect.toSatisfy((one) => one < 500 || one === 502)]);
    expect([what, madeOfText(html)]).toEqual([what, []]);
    expect([what, /^(\/|$)/.test(location)]).toEqual([what, true]);
  };

  it.each(hostile.map((text, i): [number, string] => [i, text]))(
    'in all fields of a form at once: number %i breaks nothing and stays text',
    async (number, text) => {
      const withFields = paths.filter((path) => Object.keys(fieldsOf(path)).length > 0);
      // Each form with half of them: the next test puts all into each field.
      const half = withFields.filter((_, at) => (at + number) % 2 === 0);
      await inParts(half, async (path) => {
        const fields = Object.fromEntries(Object.keys(fieldsOf(path)).map((name) => [name, text]));
        check([path, text], await sendTo(visitor, path, addressOf(path, own, walked.programId), fields));
      });
    },
  );

  it('in each field alone, where the others are right', async () => {
    const one = paths.flatMap((path) => Object.keys(fieldsOf(path)).map((name) => ({ path, name })));
    await inParts(one, async ({ path, name }) => {
      const fields = { ...formOf(path)?.fields(own), [name]: hostile.join(' ') };
      check([path, name], await sendTo(visitor, path, addressOf(path, own, walked.programId), fields));
    });
  });

  it('in every part of an address, and in every filter of a page', async () => {
    const names = ['cursor', 'changedSince', 'days', 'status', 'type', 'category', 'month', 'prefix', 'done'];
    names.push('archived', 'dataset', 'job', 'q', 'problems', 'key', 'version', 'kind', 'event', 'new', 'tz');
    names.push('actor', 'action', 'target', 'channel', 'about', 'webhookId', 'in', 'since', 'live');
    const gets = pageRoutes.flatMap(({ path }, at) =>
      [0, 1].map((turn) => {
        const text = (i: number) => hostile[(i + at + turn * 4) % hostile.length] ?? '';
        const query = new URLSearchParams(names.map((name, i) => [name, text(i)]));
        const ill = Object.fromEntries(Object.keys(own).map((name, i) => [name, text(i)]));
        return `${addressOf(path, turn === 0 ? own : ill, walked.programId)}?${query}`;
      }),
    );
    await inParts(gets, async (path) => check(path, await visitor.get(path)));
    await inParts([...paths.entries()], async ([at, path]) => {
      const ill = Object.fromEntries(
        Object.keys(own).map((name, i) => [name, hostile[(i + at) % hostile.length] ?? '']),
      );
      check(path, await sendTo(visitor, path, addressOf(path, ill, walked.programId)));
    });
  });

  it('and a form with none of its fields, and others', async () => {
    await inParts(paths, async (path) => {
      const at = addressOf(path, own, walked.programId);
      const strange = { constructor: 'x', __proto__x: 'y', toString: 'z', '': 'w', 'a b': 'v', 'x[]': '1' };
      check(path, await visitor.post(at, strange));
    });
  });

  it('are on the pages afterwards, as text', async () => {
    const pages = await crawl(visitor, `/p/${walked.programId}/overview`, `/p/${walked.programId}/`, 1);
    for (const { path, visit } of pages)
      if (visit.headers.get('content-type')?.startsWith('text/html')) check(path, visit);
    expect(pages.map(({ visit }) => visit.html).join('')).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });
});
