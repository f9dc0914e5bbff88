import { describe, expect, it } from 'vitest';
import { damageKinds, judge, makeFile } from './damage.ts';
import { read } from './read.ts';

const quotings = ['all', 'some', 'minimal'] as const;

describe('CsvReader on a file in which 1 % of the rows is damaged', () => {
  const cases = quotings.flatMap((quoting) => [0, 50].map((multiLine) => ({ quoting, multiLine })));

  describe.each(cases)(
    'quoting $quoting, $multiLine ‰ legal cells of several lines',
    ({ quoting, multiLine }) => {
      it.each([...damageKinds.map((kind) => [kind]), [...damageKinds]])(
        '%s: all is reported, nothing else is touched',
        (...kinds) => {
          const file = makeFile({
            seed: 42 + kinds.length,
            rows: kinds.length > 1 ? 20_000 : 5_000,
            damagedPerMille: 10,
            kinds,
            quoting,
            multiLinePerMille: multiLine,
          });
          const verdict = judge(file, read(file.bytes, { width: file.width }));
          expect(verdict.damaged).toBeGreaterThan(30);
          expect(verdict).toMatchObject({ unreported: [], lost: [], falseAlarms: [], fragments: [] });
        },
      );
    },
  );

  it('holds with CRLF and with lone CR', () => {
    for (const lineEnd of ['\r\n', '\r']) {
      const file = makeFile({
        seed: 7,
        rows: 5_000,
        damagedPerMille: 10,
        kinds: damageKinds,
        quoting: 'some',
        multiLinePerMille: 50,
        lineEnd,
      });
      const verdict = judge(file, read(file.bytes, { width: file.width, chunk: 1_000 }));
      expect(verdict).toMatchObject({ unreported: [], lost: [], falseAlarms: [], fragments: [] });
    }
  });

  it('finds nothing in files without damage, though most rows have cells of several lines', () => {
    for (const quoting of quotings) {
      const file = makeFile({
        seed: 3,
        rows: 5_000,
        damagedPerMille: 0,
        kinds: damageKinds,
        quoting,
        multiLinePerMille: 800,
      });
      const { rows, faults } = read(file.bytes, { width: file.width });
      expect(faults).toEqual([]);
      expect(rows.map((row) => row.cells)).toEqual(file.records.map((record) => record.cells));
    }
  });
});
