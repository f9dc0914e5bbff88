import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { signedIn, type Visitor } from '../support/browser.ts';
import { type Body, expectStatus, newProgram, type TestProgram, until } from '../support/client.ts';
import { courseTemplate, eventOf, publish, subscribe } from '../support/events.ts';
import { type LearningBuilder, startLearningBuilder } from '../support/learning-builder.ts';

const url = inject('hubUrl');
let publisher: TestProgram;
let subscriber: TestProgram;
let page: string;
let anna: Visitor;

beforeAll(async () => {
  publisher = await newProgram(url);
  subscriber = await newProgram(url);
  await subscribe(url, subscriber, publisher);
  await publish(
    publisher,
    eventOf(publisher, { PublisherEventId: 'e-1', PublisherEventCategory: 'COURSE' }),
    eventOf(publisher, {
      PublisherEventId: 'e-2',
      PublisherEventCategory: 'COURSE',
      PublisherEventData: { course: '</pre><script>alert(1)</script>' },
    }),
  );
  page = `/p/${subscriber.programId}/subscriptions/${publisher.programId}/template`;
  anna = await signedIn(url, subscriber.key);
});

/** The form of a category as the page shows it. */
async function formOf(visitor: Visitor, category: string): Promise<Record<string, string>> {
  const { html } = await visitor.get(`${page}?category=${encodeURIComponent(category)}`);
  const value = (name: string) =>
    unescaped(new RegExp(`name="${name}"[^>]* value="([^"]*)"`).exec(html)?.[1] ?? '');
  const chosen = (name: string) =>
    new RegExp(`<select id="${name}".*?<option value="([^"]*)" selected=""`, 's').exec(html)?.[1] ?? '';
  return {
    base: value('base'),
    category,
    action: chosen('action'),
    mode: chosen('mode'),
    label: value('label'),
    importProcessId: value('importProcessId'),
    row: unescaped(/<textarea id="row"[^>]*>\n?(.*?)<\/textarea>/s.exec(html)?.[1] ?? ''),
  };
}

const unescaped = (text: string) =>
  text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');

const saved = async (): Promise<Body> =>
  (await subscriber.call('GET', `/api/programs/${subscriber.programId}/eventSubs/${publisher.programId}`))
    .body.LbApiPayloadTemplate;

describe('the preview of a hundred events', () => {
  let lb: LearningBuilder;
  afterAll(() => lb.close());

  it('is what the next sync sends, byte for byte, and its difference is counted right (A18)', async () => {
    lb = await startLearningBuilder();
    const learningBuilder = { baseUrl: lb.url, apiKey: lb.apiKey };
    const [from, to] = await Promise.all([newProgram(url), newProgram(url, { learningBuilder })]);
    const row = '{"id": {{@event.PublisherEventId}}, "course": {{course}}, "said": "{{course}}" }';
    await subscribe(url, to, from, { COURSE: { ...courseTemplate.COURSE, batchRowTemplate: row } });
    const texts = [
      ...[
        '<script>alert(1)</script>',
        '"><img src=x onerror=alert(2)>',
        '</pre></textarea>',
        'it\'s \\ "so"',
      ],
      ...['😀 é ü 漢', 'a\tb\nc', '&lt;b&gt;&amp;', '{{course}}', '\u2028 and \u0000 \u001f', ''],
    ];
    const events = Array.from({ length: 100 }, (_, n) =>
      eventOf(from, {
        PublisherEventId: `p-${n}`,
        PublisherEventCategory: 'COURSE',
        PublisherEventData: {
          course: texts[n % texts.length],
          ...(n % 10 < 3 ? { big: true } : {}),
          ...(n % 10 === 9 ? { bad: 'not a number' } : {}),
        },
      }),
    );
    const visitor = await signedIn(url, to.key);
    const path = `/p/${to.programId}/subscriptions/${from.programId}/template`;
    const { html } = await visitor.get(`${path}?category=COURSE`);
    const value = (name: string) => new RegExp(`name="${name}"[^>]* value="([^"]*)"`).exec(html)?.[1] ?? '';
    const form = {
      ...{ base: value('base'), category: 'COURSE', action: 'import', mode: 'json', label: 'Courses' },
      ...{ importProcessId: '42', row },
    };
    await publish(from, ...events.slice(0, 10));
    const first = await visitor.post(`${path}/preview`, { ...form, reveal: '1' });
    const shown = /name="shown" value="([^"]+)"/.exec(first.html)?.[1] ?? '';
    const rowOf = (page: string) =>
      unescaped(/<pre class="excerpt" data-mode="json">(.*?)<\/pre>/s.exec(page)?.[1] ?? 'no row');
    const rows: string[] = [];
    // The page offers the latest ten: so they come by ten.
    for (let n = 0; n < events.length; n += 10) {
      if (n > 0) await publish(from, ...events.slice(n, n + 10));
      const { html: offered } = await visitor.post(`${path}/preview`, { ...form, shown });
      const ids = [...offered.matchAll(/<option value="(evt_[^"]+)"/g)].map(([, one = '']) => one).reverse();
      expect(ids).toHaveLength(10);
      const pages = await Promise.all(
        ids.map((event) => visitor.post(`${path}/preview`, { ...form, shown, event })),
      );
      for (const page of pages) {
        expect(page.html).not.toMatch(/<(?:script(?! type="module" src)|img|iframe)/);
        rows.push(rowOf(page.html));
      }
    }
    expectStatus(
      await to.call('POST', `/api/programs/${to.programId}/eventSubs/${from.programId}/sync`),
      200,
    );
    await until(
      async () => lb.rows().length,
      (count) => count === 100,
    );
    expect([...lb.taken.values()].flatMap(({ call }) => call.lines)).toEqual(rows);
    expect(new Set(rows).size).toBe(100);
    expect(rows.map((text) => JSON.parse(text).course)).toEqual(
      events.map(({ PublisherEventData: data }) => (data as Body).course),
    );

    const draft = row.replace(' }', '{{#if big}}, "big": 1{{/if}}{{#if bad}}, "n": -{{bad}}{{/if}} }');
    const compared = await visitor.post(`${path}/preview`, { ...form, row: draft });
    for (const said of ['60 unchanged', '30 changed', '10 newly failing'])
      expect(compared.html).toContain(said);
  });
});

describe('the template page', () => {
  it('shows a category whole, and says what the latest events fall under', async () => {
    expect(await formOf(anna, 'COURSE')).toMatchObject({
      action: 'import',
      mode: 'json',
      label: 'Courses',
      importProcessId: '42',
      row: courseTemplate.COURSE.batchRowTemplate,
    });
    const { html } = await anna.get(page);
    expect(html).toContain('Each of the latest 2 events');
    expect(html).toContain('2 unchanged');
  });

  it('keeps what was not changed, saves what was, and leads back', async () => {
    const form = await formOf(anna, 'COURSE');
    const same = await anna.post(page, form);
    expect(same.status).toBe(303);
    expect((await saved()).COURSE).toMatchObject(courseTemplate.COURSE);
    // As a browser sends a text area's lines.
    const row = '{\r\n  "id": {{@event.PublisherEventId}},\r\n  "course": {{upper course}}\r\n}';
    const done = await anna.post(page, { ...(await formOf(anna, 'COURSE')), row });
    expect(done.location).toBe(`${page}?category=COURSE&done=saved`);
    const now = await saved();
    expect(now.COURSE.batchRowTemplate).toBe(row.replaceAll('\r\n', '\n'));
    expect(now._default).toEqual(courseTemplate._default);
  });

  it('refuses a template with each place that is wrong, and keeps what was typed', async () => {
    const form = await formOf(anna, 'COURSE');
    const before = await saved();
    const row = '{"a": {{uper x}},\n "b": {{upper a b}} }';
    const refused = await anna.post(page, { ...form, row });
    expect(refused.status).toBe(400);
    expect(refused.html).toMatch(/data-line="1" data-column="7"[^>]*>Line 1, column 7: .*Did you mean/);
    expect(refused.html).toMatch(/data-line="2" data-column="7"[^>]*>Line 2, column 7: /);
    expect(refused.html).toContain('{{uper x}}');
    expect(await saved()).toEqual(before);
    const tried = await anna.post(`${page}/preview`, { ...form, row });
    expect(tried.status).toBe(200);
    expect(tried.html).toContain('data-line="1" data-column="7"');
  });

  it('shows values only after the audit log says who looked, and then as text', async () => {
    const form = await formOf(anna, 'COURSE');
    const closed = await anna.post(`${page}/preview`, { ...form, event: '' });
    expect(closed.html).not.toContain('alert(1)');
    expect(closed.html).not.toContain('ALERT(1)');
    const forged = await anna.post(`${page}/preview`, { ...form, shown: 'k1.AAAA.BBBB' });
    expect(forged.html).not.toContain('ALERT(1)');
    const open = await anna.post(`${page}/preview`, { ...form, reveal: '1' });
    expect(open.html).toContain('&lt;SCRIPT&gt;ALERT(1)&lt;/SCRIPT&gt;');
    expect(open.html).not.toContain('<SCRIPT>');
    expect(open.headers.get('cache-control')).toBe('no-store');
    const shown = /name="shown" value="([^"]+)"/.exec(open.html)?.[1] ?? '';
    const again = await anna.post(`${page}/preview`, { ...form, shown });
    expect(again.html).toContain('ALERT(1)');
    // It is of that session alone.
    const other = await signedIn(url, subscriber.key);
    await other.get(page);
    expect((await other.post(`${page}/preview`, { ...form, shown })).html).not.toContain('ALERT(1)');
    const { body } = await subscriber.call('GET', `/api/programs/${subscriber.programId}/audit`);
    const looks = body.items.filter(({ action }: Body) => action === 'events.shown');
    expect(looks.map(({ target }: Body) => target)).toEqual([publisher.programId]);
  });

  it('tells the difference that saving would make', async () => {
    const form = await formOf(anna, 'COURSE');
    const { html } = await anna.post(`${page}/preview`, {
      ...form,
      row: '{"id": {{@event.PublisherEventId}}, "course": "x" }',
    });
    expect(html).toContain('2 changed');
    expect(html).toContain('Differs in course.');
  });

  it('tries an event that is in no log', async () => {
    const form = await formOf(anna, 'COURSE');
    const pasted = JSON.stringify({
      PublisherEventCategory: 'COURSE',
      PublisherEventData: { course: 'own' },
    });
    const { html } = await anna.post(`${page}/preview`, { ...form, pasted });
    expect(html).toContain('&quot;course&quot;: &quot;OWN&quot;');
    const broken = await anna.post(`${page}/preview`, { ...form, pasted: '{' });
    expect(broken.html).toContain('The pasted event is no JSON.');
  });

  it('lets two save different categories, and stops the second of one', async () => {
    const ben = await signedIn(url, subscriber.key);
    const [annas, bens, bensOther] = [
      await formOf(anna, 'COURSE'),
      await formOf(ben, 'COURSE'),
      await formOf(ben, '_default'),
    ];
    const mine = '{"id": {{@event.PublisherEventId}}, "by": "anna"}';
    expect((await anna.post(page, { ...annas, row: mine })).status).toBe(303);
    expect((await ben.post(page, { ...bensOther, label: 'Ben’s' })).status).toBe(303);
    const yours = '{"id": {{@event.PublisherEventId}}, "by": "ben"}';
    const stopped = await ben.post(page, { ...bens, row: yours });
    expect(stopped.status).toBe(412);
    expect(unescaped(stopped.html)).toContain(`<pre class="excerpt">${mine}</pre>`);
    expect(unescaped(stopped.html)).toContain(`${yours}</textarea>`);
    expect((await saved()).COURSE.batchRowTemplate).toBe(mine);
    expect((await saved())._default.label).toBe('Ben’s');
    // Having seen both, he saves again.
    const base = /name="base" value="([^"]+)"/.exec(stopped.html)?.[1] ?? '';
    expect((await ben.post(page, { ...bens, base, row: yours })).status).toBe(303);
    expect((await saved()).COURSE.batchRowTemplate).toBe(yours);
  });

  it('adds and removes a category', async () => {
    const { html } = await anna.get(`${page}?new=1`);
    const base = /name="base" value="([^"]+)"/.exec(html)?.[1] ?? '';
    const added = await anna.post(page, {
      ...{ base, category: 'WORK', action: 'import', mode: 'json', label: '', importProcessId: 'abc' },
      row: '{"h": {{hours}} }',
    });
    expect(added.location).toBe(`${page}?category=WORK&done=saved`);
    expect((await saved()).WORK).toEqual({
      ...{ action: 'import', mode: 'json', importProcessId: 'abc' },
      batchRowTemplate: '{"h": {{hours}} }',
    });
    const form = await formOf(anna, 'WORK');
    expect((await anna.post(`${page}/remove`, form)).location).toBe(`${page}?done=deleted`);
    expect(await saved()).not.toHaveProperty('WORK');
  });

  it('is for reading where the scope is missing', async () => {
    const viewer = await signedIn(url, await subscriber.keyWith('read'));
    const { status, html } = await viewer.get(page);
    expect(status).toBe(200);
    expect(html).toContain('A key with the scope “templates” can change it');
    expect(html).not.toContain('>Save<');
    expect((await viewer.post(page, { category: 'COURSE', base: '' })).status).toBe(403);
    const stranger = await signedIn(url, (await newProgram(url)).key);
    expect((await stranger.get(page)).status).toBe(404);
    expect((await stranger.post(page, { category: 'COURSE', base: '' })).status).toBe(404);
  });
});
