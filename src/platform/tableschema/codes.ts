/** The closed set of codes that a row can be rejected with; they stand in `_code` of an error report. */
export const cellCodes = [
  // The row, before its cells are looked at.
  'row_short',
  'row_long',
  'column_unknown',
  'column_duplicate',
  // The value is not of its field's type or format.
  'not_a_string',
  'not_an_email',
  'not_a_uri',
  'not_base64',
  'not_a_uuid',
  'not_an_integer',
  'not_a_number',
  'number_imprecise',
  'not_a_boolean',
  'not_a_date',
  'not_a_time',
  'not_a_datetime',
  'not_a_year',
  'not_a_yearmonth',
  'no_such_date',
  'no_such_time',
  'date_ambiguous',
  'not_an_array',
  'not_an_object',
  'not_a_list',
  'list_item_invalid',
  'json_too_deep',
  // The value breaks a constraint.
  'required',
  'too_short',
  'too_long',
  'below_minimum',
  'above_maximum',
  'pattern_mismatch',
  'pattern_cell_too_long',
  'not_in_enum',
  'not_in_categories',
  // The key cannot name a record.
  'key_empty',
  'key_too_long',
  'key_invalid',
] as const;

export type CellCode = (typeof cellCodes)[number];

/** The closed set of codes that a schema is refused with when it is saved. */
const schemaCodes = [
  'schema_malformed',
  'name_duplicate',
  'name_reserved',
  'type_unsupported',
  'format_unknown',
  'property_not_applicable',
  'number_format_invalid',
  'boolean_values_invalid',
  'missing_values_invalid',
  'constraint_unknown',
  'constraint_unsupported',
  'constraint_not_applicable',
  'constraint_value_invalid',
  'range_empty',
  'pattern_invalid',
  'pattern_unsafe',
  'pattern_too_large',
  'enum_empty',
  'enum_value_invalid',
  'categories_invalid',
  'key_field_unknown',
  'key_field_repeated',
  'key_type_unsupported',
  'alias_field_unknown',
  'alias_ambiguous',
  'fields_match_contradiction',
  'foreign_keys_unsupported',
] as const;

export type SchemaCode = (typeof schemaCodes)[number];

/** The closed set of codes that a file's header is refused with. */
const headerCodes = [
  'column_missing',
  'column_unknown',
  'column_duplicate',
  'column_blank',
  'column_reserved',
  'column_order',
  'no_known_column',
] as const;

export type HeaderCode = (typeof headerCodes)[number];
