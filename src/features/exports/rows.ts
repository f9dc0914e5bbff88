import { type CsvWriteOptions, writeCsvRow } from '../../platform/csv/write.ts';
import { isRawNumber, parseExactly } from '../../platform/json/raw.ts';
import type { LoggedEvent } from '../events/index.ts';
import { learningCells, learningColumns, learningEvent, learningJson } from './learning.ts';

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

  /** A row with its line end, or an object without one. `data` is the event's JSON text. */
  write(event: LoggedEvent, data: string): string {
    if (this.#isCsv) {
      const cells = this.#isLearning ? learningCells(event, data, this.#programId) : this.#cells(event, data);
      return writeCsvRow(cells, this.#csv);
    }
    if (this.#isLearning) return learningJson(event, data, this.#programId);
    // The data go out as they came in, character for character.
    return `${JSON.stringify(toEnvelope(event, this.#programId)).slice(0, -1)},"PublisherEventData":${data}}`;
  }

  #firstColumns(): readonly string[] {
    return this.#isLearning ? learningColumns : envelopeColumns;
  }

  #addColumn(name: string): number {
    const place = this.columns.push(name) - 1;
    this.#places.set(name, place);
    this.#characters += name.length;
    return place;
  }

  #cells(event: LoggedEvent, data: string): string[] {
    const [, eventId, systemId, eventType, publisherEventId, participantId, category] = event;
    const [, , , , , , , change, recordKey, startAt, endAt, receivedAt] = event;
    const cells: string[] = [
      eventId,
      this.#programId,
      systemId,
      publisherEventId,
      participantId ?? '',
      eventType,
      category?.value ?? '',
      category?.label ?? '',
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

function toEnvelope(event: LoggedEvent, programId: string): Record<string, unknown> {
  const [, eventId, systemId, eventType, publisherEventId, participantId, category] = event;
  const [, , , , , , , change, recordKey, startAt, endAt, receivedAt] = event;
  return {
    EventId: eventId,
    PublisherProgramId: programId,
    PublisherSystemId: systemId === '' ? null : systemId,
    PublisherEventId: publisherEventId,
    PublisherParticipantId: participantId,
    EventType: eventType,
    PublisherEventCategory: category,
    EventStartUtc: iso(startAt),
    EventEndUtc: endAt === null ? null : iso(endAt),
    ReceivedUtc: iso(receivedAt),
    Change: change,
    RecordKey: recordKey,
  };
}
