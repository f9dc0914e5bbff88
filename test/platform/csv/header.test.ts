import { describe, expect, it } from 'vitest';
import { cleanHeader } from '../../../src/platform/csv/header.ts';

describe('cleanHeader', () => {
  it('leaves a clean header alone', () => {
    expect(cleanHeader(['id', 'First name', 'café'])).toEqual({
      names: ['id', 'First name', 'café'],
      findings: [],
    });
  });

  it('takes away edge blanks, byte-order marks and invisible characters', () => {
    const { names, findings } = cleanHeader(['\ufeffid', ' name ', 'first\u200b  \nname']);
    expect(names).toEqual(['id', 'name', 'first name']);
    expect(findings.map((f) => [f.code, f.column])).toEqual(
      [1, 2, 3].map((column) => ['header_trimmed', column]),
    );
  });

  it('gives blank and repeated names one of their own, and says so', () => {
    const { names, findings } = cleanHeader(['id', '', 'ID', 'id_2', '', 'column_2', 'Id']);
    expect(names).toEqual(['id', 'column_3', 'ID_2', 'id_2_2', 'column_5', 'column_2', 'Id_3']);
    expect(findings.map((f) => [f.code, f.column])).toEqual([
      ['header_blank', 2],
      ['header_duplicate', 3],
      ['header_duplicate', 4],
      ['header_blank', 5],
      ['header_duplicate', 7],
    ]);
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(7);
  });

  it('never quotes a name, which may be data', () => {
    expect(JSON.stringify(cleanHeader(['Secret', ' Secret', '']).findings)).not.toContain('Secret');
  });
});
