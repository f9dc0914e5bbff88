import { beforeAll, describe, expect, inject, it } from 'vitest';
import { newVisitor, signedIn, type Visitor } from '../support/browser.ts';
import { type Body, expectStatus, newProgram, type TestProgram } from '../support/client.ts';

// What becomes of what somebody has typed when it cannot be done: it is said, and nothing typed is lost.

const url = inject('hubUrl');
let program: TestProgram;

beforeAll(async () => {
  program = await newProgram(url);
});

const at = (path: string) => `/p/${program.programId}/${path}`;
const api = (path: string) => `/api/programs/${program.programId}/${path}`;

const entities: Record<string, string> = { quot: '"', '#39': "'", amp: '&', lt: '<', gt: '>' };
const unescaped = (text: string) => text.replace(/&(#?\w+);/g, (_, name) => entities[name] ?? '');

/** The hidden fields of a page's form, as a browser would send them along. */
const hiddenOf = (html: string) =>
  [...html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)].map(
    ([, name = '', value = '']): [string, string] => [name, unescaped(value)],
  );

/** A visitor whose session ended since their page was made. */
async function expired(): Promise<Visitor> {
  const visitor = await signedIn(url, program.key);
  await visitor.get(at('webhooks'));
  const { items } = expectStatus(await program.call('GET', api('sessions')), 200).body;
  for (const { sessionId } of items as Body[])
    expectStatus(await program.call('DELETE', api(`sessions/${sessionId}`)), 204);
  return visitor;
}

const endpoints = async () => (await program.call('GET', api('webhooks'))).body.items as Body[];

describe('a form whose session has ended', () => {
  const typed = {
    url: 'https://hooks.school.example/a?b=1&c="2"',
    events: 'job.* event.published',
    description: '<b>two\nlines</b>',
  };

  it('comes back after signing in with all that was typed, and is done when it is sent again', async () => {
    const visitor = await expired();
    const asked = await visitor.post(at('webhooks'), typed);
    expect(asked.status).toBe(401);
    expect(asked.html).toContain('Your session has ended, and nothing was done.');
    expect(asked.html).not.toContain('<b>two');
    const along = hiddenOf(asked.html);
    expect(Object.fromEntries(along)).toEqual(typed);
    expect(asked.html).toContain(`<form method="post" action="${at('webhooks')}"`);
    expect(await endpoints()).toEqual([]);

    const wrong = await visitor.post(at('webhooks'), { ...Object.fromEntries(along), _key: 'no such key' });
    expect(wrong.status).toBe(401);
    expect(wrong.html).toContain('This key is unknown');
    expect(Object.fromEntries(hiddenOf(wrong.html))).toEqual(typed);

    const back = await visitor.post(at('webhooks'), { ...Object.fromEntries(along), _key: program.key });
    expect(back.status).toBe(409);
    expect(back.html).toContain('Your session had ended, and nothing was done.');
    expect(back.html).not.toContain(program.key);
    for (const [name, value] of Object.entries(typed)) {
      const [, shown = ''] = new RegExp(`id="${name}" name="${name}"[^>]*>`).exec(back.html)
        ? [...(new RegExp(`<input[^>]* value="([^"]*)" id="${name}"`).exec(back.html) ?? [])]
        : [];
      expect([name, unescaped(shown)]).toEqual([name, value]);
    }
    expect(await endpoints()).toEqual([]);
    const done = await visitor.post(at('webhooks'), { ...typed, url: 'https://hooks.school.example/a' });
    expect(done.status).toBe(200);
    expect(await endpoints()).toHaveLength(1);
  });

  it('leaves out what is secret', async () => {
    const visitor = await expired();
    const { html } = await visitor.post(at('exports'), {
      name: 'night',
      password: 'se-cret',
      privateKey: 'k3y',
    });
    expect(Object.fromEntries(hiddenOf(html))).toEqual({ name: 'night' });
    expect(html).not.toMatch(/se-cret|k3y/);
  });

  it('is not carried along for another site, nor into another program', async () => {
    const visitor = await expired();
    const foreign = await visitor.post(at('webhooks'), typed, {
      origin: 'https://evil.example',
      'sec-fetch-site': 'cross-site',
    });
    expect([foreign.status, foreign.location]).toEqual([303, '/sign-in']);
    const other = await newProgram(url);
    const theirs = await visitor.post(at('webhooks'), { ...typed, _key: other.key });
    expect(theirs.status).toBe(404);
    expect(theirs.html).toContain('There is no such program, or it is not yours.');
    expect(theirs.html).not.toContain('hooks.school.example');
  });

  it('leads to the sign-in as ever where only a page was asked for', async () => {
    const visitor = newVisitor(url);
    const { status, location } = await visitor.get(at('webhooks'));
    expect([status, location]).toEqual([303, `/sign-in?to=${encodeURIComponent(at('webhooks'))}`]);
  });
});

describe('a form of a page that an earlier session made', () => {
  it('is shown again with what was typed, and done when it is sent again', async () => {
    const visitor = await signedIn(url, program.key);
    const before = (await endpoints()).length;
    const typed = { url: 'https://hooks.school.example/tab', events: '*', description: 'second tab' };
    const shown = await visitor.post(at('webhooks'), { ...typed, _token: 'of-another-session' });
    expect(shown.status).toBe(403);
    expect(shown.html).toContain('nothing was done. Send it again.');
    expect(shown.html).toContain('value="https://hooks.school.example/tab"');
    expect(await endpoints()).toHaveLength(before);
    expect((await visitor.post(at('webhooks'), typed)).status).toBe(200);
    expect(await endpoints()).toHaveLength(before + 1);
  });
});

describe('a form that is refused', () => {
  it('is open, holds what was typed, and is not taken away by what the page looks for', async () => {
    const visitor = await signedIn(url, program.key);
    const [one] = await endpoints();
    const form = at(`webhooks/${one?.webhookId}/change`);
    const refused = await visitor.post(form, { url: 'http://10.0.0.1/x', events: '*', description: 'mine' });
    expect(refused.status).toBe(400);
    const [, details = ''] =
      /<details class="confirm" open(?:="[^"]*")?>(.*?)<\/details>/s.exec(refused.html) ?? [];
    expect(details).toContain(`action="${form}"`);
    expect(details).toContain('value="http://10.0.0.1/x"');
    expect(details).toContain('value="mine"');
    expect(refused.html).not.toContain('data-every');
    // Its links lead to where the page is: nothing is to be found where the form was sent.
    const links = [...refused.html.matchAll(/<a href="([^"]*[?&]tz=utc[^"]*)"/g)].map(([, to = '']) => to);
    expect(links).toHaveLength(1);
    for (const link of links) expect((await visitor.get(unescaped(link))).status).toBe(200);
  });

  it('of one thing in a list shows what was typed beside that thing alone', async () => {
    const visitor = await signedIn(url, program.key);
    for (const name of ['one', 'two']) {
      const body = { watches: { task: name }, everyHours: 24 };
      expectStatus(await program.call('PUT', api(`monitors/${name}`), { body }), 200);
    }
    const { status, html } = await visitor.post(at('monitors/two/snooze'), {
      hours: '9999',
      reason: 'a long break',
    });
    expect(status).toBe(400);
    expect(html.match(/value="9999"/g)).toHaveLength(1);
    expect(html.match(/value="a long break"/g)).toHaveLength(1);
    expect(html.match(/<details class="confirm" open/g)).toHaveLength(1);
  });

  it('says so on a page where it is none, or too large', async () => {
    const visitor = await signedIn(url, program.key);
    const large = await visitor.post(at('webhooks'), { url: 'x'.repeat(1_100_000) });
    expect(large.status).toBe(413);
    expect(large.html).toContain('Nothing was done.');
    expect(large.headers.get('content-type')).toContain('text/html');
    const json = await visitor.post(at('webhooks'), {}, { 'content-type': 'application/json' });
    expect(json.status).toBe(413);
  });
});

describe('what a new version changed', () => {
  /** A browser that was last told of that news; null for one that has just come. */
  async function told(number: number | null) {
    const entered = await newVisitor(url).post('/sign-in', { key: program.key });
    const cookies = new Map(
      entered.headers.getSetCookie().map((line) => {
        const [pair = ''] = line.split(';');
        return [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      }),
    );
    if (number !== null) cookies.set('news', String(number));
    const go = async (path: string, init: RequestInit = {}) => {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const headers = { connection: 'close', cookie, origin: url, 'sec-fetch-site': 'same-origin' };
      return fetch(`${url}${path}`, { ...init, headers, redirect: 'manual' });
    };
    return { cookies, go, look: async () => (await go(at('jobs?status=held'))).text() };
  }

  it('is told to who was here before, until it is read, and to nobody new', async () => {
    const fresh = await told(null);
    expect(await fresh.look()).not.toContain('New here');
    const newest = fresh.cookies.get('news') ?? '';
    expect(newest).toMatch(/^\d+$/);

    const back = await told(Number(newest) - 1);
    const html = await back.look();
    const [strip = ''] = /<aside.*?<\/aside>/s.exec(html) ?? [];
    expect(strip).toContain('New here');
    expect(strip).toContain('in this hub, which runs from its sources');
    expect(strip.match(/<li>/g)).toHaveLength(1);
    const body = new URLSearchParams(hiddenOf(strip));
    const read = await back.go('/news/read', { method: 'POST', body });
    expect([read.status, read.headers.get('location')]).toEqual([303, at('jobs?status=held')]);
    expect(read.headers.getSetCookie()[0]).toMatch(
      new RegExp(`^news=${newest}; .*HttpOnly; Secure; SameSite=Lax$`),
    );
    expect(await (await told(Number(newest))).look()).not.toContain('New here');
  });

  it('is not read for anybody by another site, nor by a form without the session’s token', async () => {
    const { go } = await told(0);
    const answer = await go('/news/read', { method: 'POST', body: new URLSearchParams({ to: '/' }) });
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([403, []]);
  });

  it('says nothing to a cookie that is none of ours', async () => {
    const visitor = await told(0);
    visitor.cookies.set('news', '<script>');
    expect(await visitor.look()).not.toContain('New here');
  });
});

describe('a form that is refused for one thing', () => {
  it('has its sentence once above, with the name of the field, and once at the field', async () => {
    const visitor = await signedIn(url, program.key);
    await visitor.get(at('webhooks'));
    const refused = await visitor.post(at('webhooks'), { url: 'ftp://school.example/x', events: '*' });
    expect(refused.status).toBe(400);
    const box = /role="alert">(.*?)<\/div>/s.exec(refused.html)?.[1] ?? '';
    expect(box.match(/Only https URLs are called\./g)).toHaveLength(1);
    expect(box).toMatch(/<code>url<\/code> Only https/);
    expect(box).not.toContain('<li>');
    expect(refused.html.match(/Only https URLs are called\./g)).toHaveLength(2);
  });

  it('lists what is wrong where that is more than the sentence says', async () => {
    const visitor = await signedIn(url, program.key);
    await visitor.get(at('flows'));
    const refused = await visitor.post(at('flows'), { code: '', title: '' });
    const box = /role="alert">(.*?)<\/div>/s.exec(refused.html)?.[1] ?? '';
    expect(box).toContain('2 things are not right yet.');
    expect(
      [...box.matchAll(/<li><code>(\w+)<\/code> A (\w+) has at least/g)].map(([, a, b]) => [a, b]),
    ).toEqual([
      ['code', 'code'],
      ['title', 'title'],
    ]);
    expect(box).not.toContain('body');
  });
});

describe('a filter', () => {
  it.each(['files', 'jobs', 'events', 'deliveries', 'audit'])(
    'of %s keeps the zone and that updates are paused',
    async (list) => {
      const visitor = await signedIn(url, program.key);
      const path = at(`${list}?tz=utc&live=off&done=saved`);
      const { html } = await visitor.get(path);
      const form = /<form method="get"[^>]*class="filters">(.*?)<\/form>/s.exec(html)?.[1] ?? '';
      expect(hiddenOf(form)).toEqual([
        ['tz', 'utc'],
        ['live', 'off'],
      ]);
    },
  );
});
