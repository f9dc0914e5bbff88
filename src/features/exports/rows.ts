import { type CsvWriteOptions, writeCsvRow } from '../../platform/csv/write.ts';
import { isRawNumber, parseExactly } from '../../platform/json/raw.ts';
import type { LoggedEvent } from '../events/index.ts';

/** The learning event of the document: its files have the members that are printed there, and no others. */
export const learningEvent = 'courseCompletion';

const learningMembers = 'id source timestamp type user companyId event notifiableId title'.split(' ');
const learnerMembers =
  'id firstName lastName externalCustomerId sfContactId sfAccountId client ref1 ref2 ref3'.split(' ');

/** What every other event begins with; its data follow, dotted, as they come up. */
const envelopeColumns = [
  'EventId',
  'PublisherProgramId',
  'PublisherSystemId',
  'PublisherEventId',
  'PublisherParticipantId',
  'EventType',
  'PublisherEventCategory.value',
  'PublisherEventCategory.label',
  'EventStartUtc',
  'EventEndUtc',
  'ReceivedUtc',
  'Change',
  'RecordKey',
] as const;

/** Members beyond these bounds share a column, `_more`, as JSON: a header cannot grow without end. */
const columnLimit = 2_000;
const headerCharacters = 60_000;
const moreColumn = '_more';

export interface RowOptions {
  programId: string;
  format: 'json' | 'csv';
  guardFormulas: boolean;
}

/** Writes the events of one type, in the order given, and learns the columns on its way. */
export class RowWriter {
  readonly columns: string[];
  readonly #isLearning: boolean;
  readonly #programId: string;
  readonly #isCsv: boolean;
  readonly #csv: CsvWriteOptions;
  readonly #places = new Map<string, number>();
  #characters = 0;

  /** `columns` are those learnt before, where the writing goes on. */
  constructor(eventType: string, options: RowOptions, columns?: string[]) {
    this.#isLearning = eventType === learningEvent;
    this.#programId = options.programId;
    this.#isCsv = options.format === 'csv';
    this.#csv = { guardFormulas: options.guardFormulas };
    this.columns = [];
    for (const column of columns ?? this.#firstColumns()) this.#addColumn(column);
  }

  /** The header with its line end. */
  header(): string {
    return writeCsvRow(this.columns, this.#csv);
  }

  /** A row with its line end, or an object without one. */
  write(event: LoggedEvent): string {
    if (this.#isCsv) {
      return writeCsvRow(
        this.#isLearning ? learningCells(event, this.#programId) : this.#cells(event),
        this.#csv,
      );
    }
    if (this.#isLearning) return JSON.stringify(toLearningEvent(event, this.#programId));
    // The data go out as they came in, character for character.
    return `${JSON.stringify(toEnvelope(event, this.#programId)).slice(0, -1)},"PublisherEventData":${event[7]}}`;
  }

  #firstColumns(): string[] {
    return this.#isLearning
      ? [...learningMembers, ...learnerMembers.map((name) => `userDetail.${name}`)]
      : [...envelopeColumns];
  }

  #addColumn(name: string): number {
    const place = this.columns.push(name) - 1;
    this.#places.set(name, place);
    this.#characters += name.length;
    return place;
  }

  #cells(event: LoggedEvent): string[] {
    const [, eventId, systemId, eventType, publisherEventId, participantId, category, data] = event;
    const [, , , , , , , , change, recordKey, startAt, endAt, receivedAt] = event;
    const { value, label } = parseCategory(category);
    const cells: string[] = [
      eventId,
      this.#programId,
      systemId,
      publisherEventId,
      participantId ?? '',
      eventType,
      value ?? '',
      label ?? '',
      iso(startAt),
      endAt === null ? '' : iso(endAt),
      iso(receivedAt),
      change ?? '',
      recordKey ?? '',
    ];
    const more = new Map<string, unknown>();
    this.#flatten('PublisherEventData', parseExactly(data), cells, more);
    if (more.size > 0) {
      const place = this.#places.get(moreColumn) ?? this.#addColumn(moreColumn);
      cells[place] = JSON.stringify(Object.fromEntries(more));
    }
    for (let i = 0; i < this.columns.length; i++) cells[i] ??= '';
    return cells;
  }

  /** An object's members become columns of their own; anything else is a cell, a list its JSON. */
  #flatten(path: string, value: unknown, cells: string[], more: Map<string, unknown>): void {
    if (isObject(value)) {
      let isEmpty = true;
      for (const [name, member] of Object.entries(value)) {
        isEmpty = false;
        this.#flatten(`${path}.${escapeName(name)}`, member, cells, more);
      }
      if (!isEmpty) return;
    }
    const place = this.#places.get(path) ?? (this.#hasRoom(path) ? this.#addColumn(path) : undefined);
    if (place === undefined) more.set(path, value);
    else cells[place] = toCell(value);
  }

  #hasRoom(path: string): boolean {
    return (
      !this.#places.has(moreColumn) &&
      this.columns.length < columnLimit &&
      this.#characters + path.length <= headerCharacters
    );
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value);
}

/** A dot of a name is no level: `{"a.b": 1}` and `{"a": {"b": 1}}` stay apart. */
function escapeName(name: string): string {
  return name.includes('.') || name.includes('\\') ? name.replace(/[.\\]/g, '\\$&') : name;
}

function toCell(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === null || value === undefined ? '' : JSON.stringify(value);
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}

function parseCategory(category: string | null): { value: string | null; label: string | null } {
  if (category === null) return { value: null, label: null };
  const { value = null, label = null }: { value?: string | null; label?: string | null } =
    JSON.parse(category);
  return { value, label };
}

function toEnvelope(event: LoggedEvent, programId: string): Record<string, unknown> {
  const [, eventId, systemId, eventType, publisherEventId, participantId, category] = event;
  const [, , , , , , , , change, recordKey, startAt, endAt, receivedAt] = event;
  return {
    EventId: eventId,
    PublisherProgramId: programId,
    PublisherSystemId: systemId === '' ? null : systemId,
    PublisherEventId: publisherEventId,
    PublisherParticipantId: participantId,
    EventType: eventType,
    PublisherEventCategory: category === null ? null : parseCategory(category),
    EventStartUtc: iso(startAt),
    EventEndUtc: endAt === null ? null : iso(endAt),
    ReceivedUtc: iso(receivedAt),
    Change: change,
    RecordKey: recordKey,
  };
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
function toLearningEvent(event: LoggedEvent, programId: string): Record<string, unknown> {
  const [, , , eventType, publisherEventId, participantId, , data] = event;
  const parsed = parseExactly(data);
  const own = isObject(parsed) ? parsed : {};
  const detail = isObject(own.userDetail) ? own.userDetail : {};
  return {
    id: own.id ?? publisherEventId,
    source: own.source ?? 'course_completed',
    timestamp: own.timestamp ?? iso(event[10]),
    type: own.type ?? 'status_change',
    user: own.user ?? participantId,
    companyId: own.companyId ?? programId,
    event: eventType,
    notifiableId: own.notifiableId ?? null,
    title: own.title ?? null,
    userDetail: {
      id: detail.id ?? null,
      firstName: detail.firstName ?? null,
      lastName: detail.lastName ?? null,
      externalCustomerId: detail.externalCustomerId ?? null,
      sfContactId: detail.sfContactId ?? null,
      sfAccountId: detail.sfAccountId ?? null,
      client: detail.client ?? null,
      ref1: detail.ref1 ?? null,
      ref2: detail.ref2 ?? null,
      ref3: detail.ref3 ?? null,
    },
  };
}

/** The same as cells; a file has a million of them, so that no object is made in between. */
function learningCells(event: LoggedEvent, programId: string): string[] {
  const [, , , eventType, publisherEventId, participantId, , data] = event;
  const parsed = parseExactly(data);
  const own = isObject(parsed) ? parsed : {};
  const detail = isObject(own.userDetail) ? own.userDetail : {};
  const cells = [
    toCell(own.id ?? publisherEventId),
    toCell(own.source ?? 'course_completed'),
    toCell(own.timestamp ?? iso(event[10])),
    toCell(own.type ?? 'status_change'),
    toCell(own.user ?? participantId),
    toCell(own.companyId ?? programId),
    eventType,
    toCell(own.notifiableId),
    toCell(own.title),
  ];
  for (const name of learnerMembers) cells.push(toCell(detail[name]));
  return cells;
}
