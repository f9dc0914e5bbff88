/** What the demo reads of a Frictionless Table Schema; the hub reads all of it. */
export interface TableSchema {
  fields: Field[];
  primaryKey: string | string[];
  missingValues?: MissingValues;
  [member: string]: unknown;
}

export interface Field {
  name: string;
  type?: string;
  format?: string;
  trueValues?: string[];
  falseValues?: string[];
  missingValues?: MissingValues;
  [member: string]: unknown;
}

type MissingValues = (string | { value: string })[];
