import { locateMembers, parseExactly } from '../../platform/json/raw.ts';
import type { LoggedEvent } from '../events/index.ts';

/** The learning event of the document: its files have the members that are printed there, and no others. */
export const learningEvent = 'courseCompletion';

const learnerMembers =
  'id firstName lastName externalCustomerId sfContactId sfAccountId client ref1 ref2 ref3'.split(' ');

export const learningColumns: readonly string[] = [
  ...'id source timestamp type user companyId event notifiableId title'.split(' '),
  ...learnerMembers.map((name) => `userDetail.${name}`),
];

const id = 0;
const source = 1;
const timestamp = 2;
const type = 3;
const user = 4;
const companyId = 5;
const notifiableId = 6;
const title = 7;
const userDetail = 8;
const members = new Map(
  Object.entries({ id, source, timestamp, type, user, companyId, notifiableId, title, userDetail }),
);
const firstOfLearner = members.size;
const ofLearner = new Map(learnerMembers.map((name, i) => [name, firstOfLearner + i]));

/** Where the members stand in the data of the event at hand: a night has a million, each read once. */
const found = new Int32Array(2 * (firstOfLearner + ofLearner.size));

const openBrace = 0x7b;
const quote = 0x22;

function locate(data: string): void {
  found.fill(0);
  const start = data.search(/\S/);
  if (data.charCodeAt(start) !== openBrace) return;
  locateMembers(data, start, members, found);
  const detail = found[2 * userDetail] ?? 0;
  if (detail > 0 && data.charCodeAt(detail) === openBrace) locateMembers(data, detail, ofLearner, found);
}

/** The member's JSON text, as it was sent; null where it is not there. */
function rawAt(data: string, place: number): string | null {
  const end = found[2 * place + 1] ?? 0;
  return end === 0 ? null : data.slice(found[2 * place], end);
}

/**
 * From the data where they have the member, else from the envelope, else what the document prints:
 *
 *   id         PublisherEventId             event         the EventType
 *   source     "course_completed"           notifiableId  null
 *   timestamp  EventStartUtc                title         null
 *   type       "status_change"              userDetail.*  null, each
 *   user       PublisherParticipantId
 *   companyId  PublisherProgramId
 */
export function learningJson(event: LoggedEvent, data: string, programId: string): string {
  const [, , , eventType, publisherEventId, participantId, , , , startAt] = event;
  locate(data);
  const member = (place: number, otherwise: string | null) => rawAt(data, place) ?? JSON.stringify(otherwise);
  let detail = '';
  for (const [name, place] of ofLearner)
    detail += `${detail === '' ? '' : ','}"${name}":${rawAt(data, place) ?? 'null'}`;
  return `{"id":${member(id, publisherEventId)},"source":${member(source, 'course_completed')},"timestamp":${
    rawAt(data, timestamp) ?? `"${new Date(startAt).toISOString()}"`
  },"type":${member(type, 'status_change')},"user":${member(user, participantId)},"companyId":${member(
    companyId,
    programId,
  )},"event":"${eventType}","notifiableId":${member(notifiableId, null)},"title":${member(
    title,
    null,
  )},"userDetail":{${detail}}}`;
}

/** The same as cells: texts bare, a list or an object as its JSON. */
export function learningCells(event: LoggedEvent, data: string, programId: string): string[] {
  const [, , , eventType, publisherEventId, participantId, , , , startAt] = event;
  locate(data);
  const cells = [
    cellAt(data, id) ?? publisherEventId,
    cellAt(data, source) ?? 'course_completed',
    cellAt(data, timestamp) ?? new Date(startAt).toISOString(),
    cellAt(data, type) ?? 'status_change',
    cellAt(data, user) ?? participantId ?? '',
    cellAt(data, companyId) ?? programId,
    eventType,
    cellAt(data, notifiableId) ?? '',
    cellAt(data, title) ?? '',
  ];
  for (let i = 0; i < ofLearner.size; i++) cells.push(cellAt(data, firstOfLearner + i) ?? '');
  return cells;
}

function cellAt(data: string, place: number): string | null {
  const raw = rawAt(data, place);
  if (raw === null) return null;
  const first = raw.charCodeAt(0);
  if (first === quote) return raw.includes('\\') ? JSON.parse(raw) : raw.slice(1, -1);
  // A number is what was written; a list or an object without the spaces in it.
  return first === openBrace || first === 0x5b ? JSON.stringify(parseExactly(raw)) : raw;
}
