import type { CsvEncoding } from './dialect.ts';

export type FileRefusalCode =
  | 'empty_file'
  | 'excel_file'
  | 'old_excel_file'
  | 'opendocument_file'
  | 'zip_file'
  | 'other_compression'
  | 'pdf_file'
  | 'html_file'
  | 'xml_file'
  | 'json_not_rows'
  | 'binary_file';

/** The file is nothing that can be read as rows. */
export interface FileRefusal {
  kind: 'refused';
  code: FileRefusalCode;
  /** Says what it is and what to do. */
  message: string;
}

const messages: Record<FileRefusalCode, string> = {
  empty_file: 'The file is empty: send one with a header and rows.',
  excel_file: 'This is an Excel workbook (.xlsx): save the sheet as "CSV UTF-8" and send that.',
  old_excel_file: 'This is an old Excel workbook (.xls): save the sheet as "CSV UTF-8" and send that.',
  opendocument_file: 'This is an OpenDocument spreadsheet: save the sheet as CSV in UTF-8 and send that.',
  zip_file: 'This is a ZIP archive: send the file that is in it, or compress that with gzip.',
  other_compression: 'The file is compressed in a way that is not supported: send it as it is, or use gzip.',
  pdf_file: 'This is a PDF document: export the data as CSV or JSON.',
  html_file: 'This is a web page, perhaps a login or an error page: check how the file is fetched.',
  xml_file: 'This is XML: export the data as CSV or JSON.',
  json_not_rows: 'This is JSON but not rows: send an array of objects, or one object per line.',
  binary_file: 'This is no text file: export the data as CSV or JSON.',
};

const magics: [bytes: number[], code: FileRefusalCode][] = [
  [[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1], 'old_excel_file'],
  [[0x25, 0x50, 0x44, 0x46, 0x2d], 'pdf_file'],
  [[0x42, 0x5a, 0x68], 'other_compression'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], 'other_compression'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'other_compression'],
  [[0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], 'other_compression'],
  [[0x52, 0x61, 0x72, 0x21, 0x1a, 0x07], 'other_compression'],
  [[0x89, 0x50, 0x4e, 0x47], 'binary_file'],
  [[0xff, 0xd8, 0xff], 'binary_file'],
];

/** Finds formats that are no rows, by their content; a name proves nothing. `text` is the file's start. */
export function detectForeign(
  head: Uint8Array,
  tail: Uint8Array,
  sizeBytes: number,
  text: string,
  encoding: CsvEncoding,
): FileRefusal | null {
  if (sizeBytes === 0 || head.length === 0) return refuse('empty_file');
  if (startsWith(head, [0x50, 0x4b, 0x03, 0x04]) || startsWith(head, [0x50, 0x4b, 0x05, 0x06])) {
    return refuse(zipCode(head, tail));
  }
  const magic = magics.find(([bytes]) => startsWith(head, bytes));
  // "BZh" could start a text; a block of bzip2 has a number of its own behind it.
  if (magic !== undefined && (magic[0].length > 3 || head[0] !== 0x42 || head[4] === 0x31))
    return refuse(magic[1]);
  if (/^\s*<(?:!doctype\s+html|html|head|body|table)\b/i.test(text)) return refuse('html_file');
  if (/^\s*<\?xml\b/i.test(text))
    return refuse(/<html\b/i.test(text.slice(0, 2_000)) ? 'html_file' : 'xml_file');
  if (head.length >= sizeBytes && text.replaceAll('\u001a', '').trim() === '') return refuse('empty_file');
  if (isJsonOfNoRows(text)) return refuse('json_not_rows');
  if (!encoding.startsWith('utf-16') && controlShare(head) > 0.1) return refuse('binary_file');
  return null;
}

function refuse(code: FileRefusalCode): FileRefusal {
  return { kind: 'refused', code, message: messages[code] };
}

function startsWith(bytes: Uint8Array, start: number[]): boolean {
  return start.every((byte, i) => bytes[i] === byte);
}

/** What is in an archive stands in its first entry, and in the list of all at its end. */
function zipCode(head: Uint8Array, tail: Uint8Array): FileRefusalCode {
  const decoder = new TextDecoder('windows-1252');
  const names = decoder.decode(head.subarray(0, 65_536)) + decoder.decode(tail.subarray(-65_536));
  if (names.includes('mimetypeapplication/vnd.oasis.opendocument.spreadsheet')) return 'opendocument_file';
  return names.includes('xl/') ? 'excel_file' : 'zip_file';
}

/** One object over several lines, or an array of something else than objects. */
function isJsonOfNoRows(text: string): boolean {
  const start = text.trimStart();
  if (start.startsWith('[')) return /^\[\s*(?:[[\d"-]|true\b|false\b|null\b)/.test(start) && isJson(start);
  return /^\{\s*[\r\n]+\s*"/.test(start);
}

/** The text, cut off or not, has nothing that a first line of CSV with a bracket would have. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Share of bytes that no text has. */
function controlShare(head: Uint8Array): number {
  const length = Math.min(head.length, 65_536);
  let count = 0;
  for (let i = 0; i < length; i++) {
    const byte = head[i] as number;
    if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d && byte !== 0x0c && byte !== 0x1a)
      count += 1;
  }
  return length === 0 ? 0 : count / length;
}
