import type { CellCode, SchemaCode } from '../codes.ts';
import type { Json } from '../json.ts';
import type { FieldDescriptor } from '../schema.ts';

/** One thing wrong with a cell, in words of the schema and never of the cell. */
export interface Fault {
  readonly code: CellCode;
  readonly message: string;
}

/**
 * How values of one type are read. `text` takes a cell, `native` a JSON value that is no string; both
 * answer the canonical value, or `undefined` where the value is not of the type. Only then is `explain`
 * asked, so that good rows allocate nothing.
 */
export interface TypeReader {
  readonly text: (cell: string) => Json | undefined;
  readonly native: (value: Json) => Json | undefined;
  readonly explain: (value: Json) => Fault;
  /** Whether surrounding white space is no part of the value (XSD's `collapse`). */
  readonly trims: boolean;
  /** Orders canonical values; NaN where they have no order. */
  readonly compare?: (a: Json, b: Json) => number;
  /** What minLength and maxLength measure. */
  readonly length?: (value: Json) => number;
}

/** What is wrong with a member (`property`) of a field's descriptor. */
export interface FieldProblem {
  property: string;
  code: SchemaCode;
  message: string;
}

/** Reads a descriptor into a reader; what cannot be right goes to `problems`. */
export type ReaderMaker = (field: FieldDescriptor, problems: FieldProblem[]) => TypeReader;
