import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import type { LoggedEvent } from '../../src/features/events/index.ts';
import { widen } from '../../src/features/exports/join.ts';
import { fileName } from '../../src/features/exports/names.ts';
import { RowWriter } from '../../src/features/exports/rows.ts';

const atMs = Date.parse('2026-05-14T20:50:53.103Z');

type Logged = [event: LoggedEvent, data: string];

function event(data: string, more: { type?: string; category?: LoggedEvent[6] } = {}): Logged {
  const { type = 'enrolled', category = null } = more;
  return [[7, 'evt_1', '', type, 'p-1', 'ann@school.example', category, null, null, atMs, null, atMs], data];
}

const csv = (guardFormulas = false) =>
  new RowWriter('enrolled', { programId: 'iqu', format: 'csv', guardFormulas });

function rowsOf(writer: RowWriter, events: Logged[]): Record<string, string>[] {
  const rows = events.map((one) => writer.write(...one)).join('');
  return parse(writer.header() + rows, { columns: true, relax_column_count_less: true });
}

describe('a CSV of events', () => {
  it('begins with the envelope, then the data, dotted, as they come up', () => {
    const writer = csv();
    writer.write(...event('{"course":{"id":5,"title":"Art, and \\"Craft\\""},"passed":true}'));
    expect(writer.columns.slice(0, 7)).toEqual([
      'EventId',
      'PublisherProgramId',
      'PublisherSystemId',
      'PublisherEventId',
      'PublisherParticipantId',
      'EventType',
      'PublisherEventCategory.value',
    ]);
    expect(writer.columns.slice(13)).toEqual([
      'PublisherEventData.course.id',
      'PublisherEventData.course.title',
      'PublisherEventData.passed',
    ]);
  });

  it('ends each row with CRLF and quotes what RFC 4180 says', () => {
    const row = csv().write(...event('{"a":"x,y","b":"say \\"hi\\"","c":"two\\nlines","d":" edge"}'));
    expect(row.endsWith('"x,y","say ""hi""","two\nlines"," edge"\r\n')).toBe(true);
  });

  it('has the union of all members as its header, and empty cells where an event has none', () => {
    const [first, second] = rowsOf(csv(), [event('{"a":1}'), event('{"b":{"c":2}}')]);
    expect(first).toMatchObject({ 'PublisherEventData.a': '1' });
    expect(second).toMatchObject({ 'PublisherEventData.a': '', 'PublisherEventData.b.c': '2' });
  });

  it.each([
    ['a list is its JSON', '{"a":[1,"x",{"b":2}]}', 'PublisherEventData.a', '[1,"x",{"b":2}]'],
    ['nothing is empty', '{"a":null}', 'PublisherEventData.a', ''],
    ['an empty object is there', '{"a":{}}', 'PublisherEventData.a', '{}'],
    ['a dot in a name is no level', '{"a.b":1,"a":{"b":2}}', 'PublisherEventData.a\\.b', '1'],
    ['a backslash neither', '{"a\\\\":{"b":2}}', 'PublisherEventData.a\\\\.b', '2'],
    [
      'a long number keeps its digits',
      '{"a":12345678901234567890}',
      'PublisherEventData.a',
      '12345678901234567890',
    ],
    ['a price keeps its zeros', '{"a":1.50}', 'PublisherEventData.a', '1.50'],
    ['data that are no object', '"done"', 'PublisherEventData', 'done'],
    ['a name that objects inherit', '{"__proto__":{"x":1}}', 'PublisherEventData.__proto__.x', '1'],
  ])('%s', (_, data, column, cell) => {
    const [row] = rowsOf(csv(), [event(data)]);
    expect(row?.[column]).toBe(cell);
  });

  it('keeps members that come up without end in one column, none lost', () => {
    const many = Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`m${i}`, i]));
    const writer = csv();
    const [row = {}] = rowsOf(writer, [event(JSON.stringify(many)), event('{"late":"x"}')]);
    expect(writer.columns).toHaveLength(2_001);
    expect(writer.columns.at(-1)).toBe('_more');
    const kept = Object.keys(row).filter((name) => /\.m\d+$/.test(name)).length;
    expect(kept + Object.keys(JSON.parse(row._more ?? '{}')).length).toBe(3_000);
    const [late] = rowsOf(writer, [event('{"late":"x"}')]);
    expect(JSON.parse(late?._more ?? '{}')).toEqual({ 'PublisherEventData.late': 'x' });
  });

  it('goes on with the columns it has learnt', () => {
    const writer = csv();
    writer.write(...event('{"a":1}'));
    const options = { programId: 'iqu', format: 'csv', guardFormulas: false } as const;
    const again = new RowWriter('enrolled', options, writer.columns);
    expect(again.write(...event('{"a":2}'))).toBe(writer.write(...event('{"a":2}')));
  });

  it('guards formulas only where that was asked for', () => {
    const data = '{"a":"=cmd()","b":"-5"}';
    expect(rowsOf(csv(), [event(data)])[0]).toMatchObject({ 'PublisherEventData.a': '=cmd()' });
    expect(rowsOf(csv(true), [event(data)])[0]).toMatchObject({
      'PublisherEventData.a': "'=cmd()",
      'PublisherEventData.b': '-5',
    });
  });
});

describe('JSON of events', () => {
  const json = new RowWriter('enrolled', { programId: 'iqu', format: 'json', guardFormulas: false });

  it('gives the data out as they came in, character for character', () => {
    const data = '{"n": 12345678901234567890.10, "s":"\\u00e9"}';
    expect(json.write(...event(data))).toContain(`"PublisherEventData":${data}}`);
  });

  it('has the envelope as the event hub prints it', () => {
    expect(JSON.parse(json.write(...event('{}', { category: { value: 'c1', label: 'One' } })))).toMatchObject(
      {
        EventId: 'evt_1',
        PublisherProgramId: 'iqu',
        PublisherSystemId: null,
        PublisherEventCategory: { value: 'c1', label: 'One' },
        EventStartUtc: '2026-05-14T20:50:53.103Z',
      },
    );
  });
});

describe('the learning event', () => {
  const options = { programId: 'iqu', guardFormulas: false };
  const learning = (format: 'json' | 'csv') => new RowWriter('courseCompletion', { ...options, format });

  it('takes from the envelope what its data do not say', () => {
    const row = JSON.parse(learning('json').write(...event('{"title":"Art"}', { type: 'courseCompletion' })));
    expect(row).toEqual({
      id: 'p-1',
      source: 'course_completed',
      timestamp: '2026-05-14T20:50:53.103Z',
      type: 'status_change',
      user: 'ann@school.example',
      companyId: 'iqu',
      event: 'courseCompletion',
      notifiableId: null,
      title: 'Art',
      userDetail: {
        ...{ id: null, firstName: null, lastName: null, externalCustomerId: null, sfContactId: null },
        ...{ sfAccountId: null, client: null, ref1: null, ref2: null, ref3: null },
      },
    });
  });

  it('has 19 columns, whatever its data hold', () => {
    const writer = learning('csv');
    const row = writer.write(...event('{"more":1,"userDetail":"none"}', { type: 'courseCompletion' }));
    expect(writer.columns).toHaveLength(19);
    expect(row.trimEnd().split(',')).toHaveLength(19);
  });

  const sent = `{"id":"a\\u00e9\\"","title" : [1, "x"],"title":null,"companyId":12345678901234567890,
    "source":"","type":true,"user":{"a": 1.50},"userDetail":{"id":1},"userDetail":{"ref1":"r,1","ref2":null,"fir\\u0073tName":"Ann"}}`;

  it('reads data of any shape as JSON.parse does, numbers as they were written', () => {
    const row = learning('json').write(...event(sent, { type: 'courseCompletion' }));
    const { id, title, source, type, user, userDetail } = JSON.parse(row);
    expect({ id, title, source, type, user }).toEqual({
      ...{ id: 'aé"', title: null, source: '', type: true, user: { a: 1.5 } },
    });
    expect(userDetail).toMatchObject({ id: null, firstName: 'Ann', ref1: 'r,1', ref2: null });
    expect(row).toContain('"companyId":12345678901234567890,');
  });

  it('has the same in its cells', () => {
    const writer = learning('csv');
    const rows = rowsOf(writer, [event(sent, { type: 'courseCompletion' })]);
    expect(rows[0]).toMatchObject({
      ...{ id: 'aé"', title: '', companyId: '12345678901234567890', source: '', type: 'true' },
      ...{ user: '{"a":1.50}', 'userDetail.id': '', 'userDetail.firstName': 'Ann', 'userDetail.ref1': 'r,1' },
    });
  });

  it('survives data that are no object', () => {
    const row = JSON.parse(learning('json').write(...event('[1]', { type: 'courseCompletion' })));
    expect(row.id).toBe('p-1');
  });
});

describe('widen', () => {
  it('adds empty cells at row ends alone', () => {
    const bytes = new TextEncoder().encode('a,b\r\n"x\r\n""y"",",2\r\n1,"\r"\r\n');
    const wide = 'a,b,,\r\n"x\r\n""y"",",2,,\r\n1,"\r",,\r\n';
    expect(new TextDecoder().decode(widen(bytes, 2))).toBe(wide);
  });
});

describe('a file name', () => {
  const of = {
    createdAtMs: 1_589_259_213_999,
    startedAtMs: Date.parse('2020-05-18T18:00:13.500Z'),
    identity: 'r',
  };

  it('has the shape that the document prints, and is the same each time', async () => {
    const name = await fileName('courseCompletion', { ...of, format: 'json' });
    expect(name).toMatch(/^courseCompletion-1589259213_2020-05-18T18-00-13-[0-9a-z]{7}\.json$/);
    expect(await fileName('courseCompletion', { ...of, format: 'json' })).toBe(name);
    expect(await fileName('courseCompletion', { ...of, identity: 's', format: 'json' })).not.toBe(name);
  });

  it.each([
    ['enrolment:changed', /^enrolment-changed-1589259213_/],
    ['..', /^--1589259213_/],
    ['.hidden', /^-hidden-/],
  ])('of the type %s is one that every server takes', async (event, shape) => {
    expect(await fileName(event, { ...of, format: 'csv' })).toMatch(shape);
  });
});
