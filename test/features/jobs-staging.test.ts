import { describe, expect, it } from 'vitest';
import { cutReferences, repeatedSlots } from '../../src/features/jobs/first-load.ts';
import { readChunks, referenceLines } from '../../src/features/jobs/log.ts';
import { Narrower } from '../../src/features/jobs/narrow.ts';
import { loadReferred } from '../../src/features/jobs/references.ts';
import { RowShape } from '../../src/features/jobs/shape.ts';
import { parseRows, slicesOf } from '../../src/features/jobs/staged.ts';
import {
  clashMark,
  metasAt,
  type SlotIndex,
  SlotWriter,
  type StagedRow,
  slotCount,
  slotOf,
} from '../../src/features/jobs/staging.ts';
import { upsertMember } from '../../src/features/records/index.ts';
import { utf8 } from '../../src/platform/encoding.ts';
import { bucketHash, fingerprint } from '../../src/platform/hash.ts';
import { JsonBytes } from '../../src/platform/json/bytes.ts';
import { type ObjectStore, ReadMemory } from '../../src/platform/objects/index.ts';
import type { Json, RowValues } from '../../src/platform/tableschema/index.ts';

const names = ['id', 'na"me\t', 'größe'];

function rowOf(id: number, values: unknown[] = [id, `Ann "${id}" \\ \t\n ’é😀`, null]): StagedRow {
  const dataJson = JSON.stringify(Object.fromEntries(names.map((name, i) => [name, values[i]])));
  const key = `k"${id}\\`;
  const [keyJson, bucket] = [JSON.stringify(key), bucketHash(key)];
  return { bucket, keyJson, fingerprint: fingerprint(dataJson), line: id + 2, dataJson };
}

/** A store of what was staged, which counts how often it is asked. */
function storeOf(objects: Uint8Array[]): Pick<ObjectStore, 'get'> {
  return {
    async get(key, options) {
      const range = options?.range;
      if (!range || !('offset' in range)) throw new Error('a whole object was asked for');
      const bytes = objects[Number(key)]?.slice(range.offset, range.offset + (range.length ?? 0));
      const body = new Response(bytes).body;
      return { body, range, bytes: async () => bytes } as unknown as Awaited<ReturnType<ObjectStore['get']>>;
    },
  };
}

function rowsOf(bytes: Uint8Array, index: SlotIndex, from: number, to: number): StagedRow[] {
  const [slice] = slicesOf([index], from, to);
  if (!slice) return [];
  const text = new TextDecoder().decode(bytes.subarray(slice.offset, slice.offset + slice.length));
  const metas = new Uint32Array(bytes.slice(slice.metaOffset, slice.metaOffset + slice.rows * 20).buffer);
  return parseRows(text, metas, new RowShape(index.names));
}

const hostile = [
  '',
  '\\',
  '"',
  '\\"',
  ',',
  '}',
  '{x',
  ':',
  '\t',
  '\n',
  '\r',
  '\u0000',
  '’',
  'é',
  '😀',
  '\ud800',
  '\udc00a',
];
const scalars = [
  ...hostile,
  'a,"na"',
  '\u2028',
  '\u007f',
  0,
  -0,
  7,
  2 ** 31 - 1,
  2 ** 31,
  -3,
  1.5,
  -1.5e-7,
  1e21,
];

describe('RowShape', () => {
  const shape = new RowShape(names);
  const pack = (values: RowValues) => {
    const out = new JsonBytes();
    if (!shape.pack(values, out)) return null;
    out.writeByte(0x0a);
    return out.bytes.slice(0, out.length);
  };

  it('gives back what it packed, whatever the values hold', () => {
    for (const value of [...scalars, true, false, null]) {
      const values = Object.fromEntries(names.map((name) => [name, value]));
      const text = JSON.stringify(values);
      const packed = pack(values) ?? new Uint8Array();
      expect(packed.length).toBeLessThan(utf8(text).length);
      const target = new Uint8Array(500);
      const end = shape.unpack(packed, 0, target, 0, new Narrower());
      expect(new TextDecoder().decode(target.subarray(0, end))).toBe(text);
      expect(shape.readTo).toBe(packed.length);
      expect(shape.unpackText(new TextDecoder().decode(packed.subarray(0, -1)))).toBe(text);
      expect(end).toBeLessThanOrEqual(packed.length + shape.overhead);
    }
  });

  it('leaves alone rows of other members, and nested values', () => {
    const [a = '', b = '', c = ''] = names;
    for (const values of [
      {},
      { [a]: 1 },
      { [b]: 1, [a]: 2, [c]: 3 },
      { [a]: 1, [b]: 2, [c]: 3, more: 4 },
      { [a]: [1], [b]: 2, [c]: 3 },
      { [a]: 1, [b]: { x: ',' }, [c]: 3 },
    ]) {
      expect(pack(values)).toBeNull();
    }
    expect(new RowShape([]).pack({}, new JsonBytes())).toBe(false);
  });
});

describe('the fingerprint of a row', () => {
  const halvesOf = (values: RowValues, shape = names) => {
    const writer = new SlotWriter(shape);
    writer.addRow('k', values, 2);
    const { bytes, index } = writer.finish();
    return rowsOf(bytes, index, 0, slotCount)[0]?.fingerprint;
  };
  const row = (values: Json[], of = names): RowValues =>
    Object.fromEntries(of.map((name, i) => [name, values[i] ?? null]));

  it('is the same whatever the shape of the file it came with', () => {
    for (const value of [...scalars, null, [1, 'a'], { x: '\t' }]) {
      const values = row([1, value, 'z']);
      const [packed, whole] = [halvesOf(values), halvesOf(values, ['id'])];
      expect(packed).toMatch(/^[1-9]\d{8}[1-9]\d{8}$/);
      expect(whole).toBe(packed);
    }
  });

  it('tells values, their kinds, their places and their names apart', () => {
    const all = [
      ...[...scalars, null, true, false, 'true', 'null', '0', [0], ['0'], '[0]', {}, '{}'].map((value) =>
        row([1, value, 'z']),
      ),
      row(['a', null, null]),
      row([null, 'a', null]),
      row([null, null, 'a']),
      row(['', '', '']),
      row(['a', null, null], ['x', 'y', 'z']),
      row(['a', null], ['x', 'y']),
    ];
    // A negative zero is a zero in JSON.
    expect(new Set(all.map((values) => halvesOf(values))).size).toBe(all.length - 1);
  });

  it('differs for half a million rows that differ in one place', () => {
    const [writer, shape] = [new JsonBytes(), new RowShape(names)];
    const seen = new Set<string>();
    const see = (values: RowValues) => {
      writer.length = 0;
      shape.pack(values, writer);
      seen.add(shape.fingerprintOf(writer.view, 0, writer.length).join(''));
    };
    for (let i = 0; i < 250_000; i++) {
      see(row([i, 'Ann', null]));
      see(row([1, `Ann ${i}`, null]));
    }
    expect(seen.size).toBe(500_000);
  });

  it('never changes, since records are stored with it', () => {
    const values = { id: 1, name: 'Añn ’"', score: 1.5, in: null };
    expect(halvesOf(values)).toMatchInlineSnapshot(`"349289439498855438"`);
  });
});

describe('SlotWriter', () => {
  it('gives back every row from its slot, packed or whole, marked or not', () => {
    const writer = new SlotWriter(names);
    const rows = [
      ...Array.from({ length: 3_000 }, (_, id) => rowOf(id)),
      rowOf(3_000, [[1], 2, 3]),
      { ...rowOf(3_001), fingerprint: clashMark, dataJson: '{"line":1}' },
      { ...rowOf(3_002), bucket: 2 ** 32 - 1 },
      { ...rowOf(3_003), bucket: 0 },
    ];
    for (const row of rows) writer.add(row);
    const { bytes, index } = writer.finish();
    const found = Array.from({ length: slotCount }, (_, slot) => rowsOf(bytes, index, slot, slot + 1));
    found.forEach((some, slot) => {
      for (const { bucket } of some) expect(slotOf(bucket)).toBe(slot);
    });
    const byLine = (a: StagedRow, b: StagedRow) => a.line - b.line;
    expect(found.flat().sort(byLine)).toEqual(rows);
    expect(rowsOf(bytes, index, 0, slotCount).sort(byLine)).toEqual(rows);
    expect(bytes.byteLength).toBe(metasAt(index.offsets.at(-1) ?? 0) + rows.length * 20);
  });

  it('stages rows as they were read as it does their JSON, and takes the last back', () => {
    const writer = new SlotWriter(names);
    const kept = [...scalars, [1], { a: '\t' }, null].map((value, i): [string, RowValues, number] => [
      `k"${i}\\’`,
      Object.fromEntries(names.map((name) => [name, value])),
      i + 2,
    ]);
    for (const [key, values, line] of kept) {
      const short = line % 2 === 0 ? writer.addValues(key, Object.values(values), line) : -1;
      const most = short < 0 ? writer.addRow(key, values, line) : short;
      expect(JSON.stringify(values).length).toBeLessThanOrEqual(most);
      writer.addRow('gone', { id: line }, line);
      writer.removeLast();
    }
    const { bytes, index } = writer.finish();
    const found = rowsOf(bytes, index, 0, slotCount).sort((a, b) => a.line - b.line);
    expect(found.map(({ fingerprint, ...row }) => row)).toEqual(
      kept.map(([key, values, line]) => ({
        bucket: bucketHash(key),
        keyJson: JSON.stringify(key),
        line,
        dataJson: JSON.stringify(values),
      })),
    );
  });

  it('is as new after each object', () => {
    const writer = new SlotWriter(names);
    for (const [from, to] of [
      [0, 5_000],
      [5_000, 5_007],
      [5_007, 8_000],
    ] as const) {
      const rows = Array.from({ length: to - from }, (_, i) => rowOf(from + i));
      for (const row of rows) writer.add(row);
      const { bytes, index } = writer.finish();
      expect(rowsOf(bytes, index, 0, slotCount).sort((a, b) => a.line - b.line)).toEqual(rows);
    }
    expect(writer.finish().bytes).toHaveLength(0);
  });
});

describe('references to staged rows', () => {
  const count = 30_000;
  const rows = Array.from({ length: count }, (_, id) => rowOf(id, id % 9 === 0 ? [[id], 1, 2] : undefined));
  const parts = [0, 1, 2].map((part) => {
    const writer = new SlotWriter(names);
    for (const row of rows.filter((_, i) => i % 3 === part)) {
      writer.addRow(JSON.parse(row.keyJson), JSON.parse(row.dataJson), row.line);
    }
    return writer.finish();
  });
  const indexes = parts.map(({ index }) => index);
  const references = cutReferences(indexes, 0, slotCount);

  it('name every row once, in chunks that D1 takes', () => {
    expect(references.reduce((sum, one) => sum + one.rows, 0)).toBe(count);
    expect(Math.max(...references.map((one) => one.rows))).toBeLessThanOrEqual(4_000);
    expect(references.length).toBeLessThan(count / 2_000);
  });

  it('become the members that the rows themselves would be', async () => {
    const { names: saved, chunks } = readChunks(
      [JSON.stringify({ names }), ...referenceLines(references)].join('\n'),
    );
    expect(chunks).toEqual(references);
    const objects = storeOf(parts.map(({ bytes }) => bytes)) as ObjectStore;
    const referred = await loadReferred({ objects }, references, saved, String, new ReadMemory());
    const members = references.flatMap((one) => {
      const text = referred.upsertsOf(one);
      expect(utf8(text).length).toBeLessThan(1_000_000);
      expect(Object.keys(JSON.parse(text))).toHaveLength(one.rows);
      return text.slice(1, -1).split(/,(?="\d{28}k)/);
    });
    const staged = parts.flatMap(({ bytes, index }) => rowsOf(bytes, index, 0, slotCount));
    expect(staged.map(({ dataJson }) => dataJson).sort()).toEqual(
      rows.map(({ dataJson }) => dataJson).sort(),
    );
    expect(new Set(members)).toEqual(new Set(staged.map(upsertMember)));
  });

  it('are sent with a sign for each foreign character where there are few kinds of them, and plain elsewhere', async () => {
    const textsOf = async (texts: string[], members = names) => {
      const writer = new SlotWriter(members);
      texts.forEach((text, i) => {
        const values = i % 5 === 0 ? [text, [text]] : [text, 1];
        writer.addRow(
          `${text}${i}`,
          Object.fromEntries(members.map((name, k) => [name, values[k] ?? null])),
          i,
        );
      });
      const { bytes, index } = writer.finish();
      const references = cutReferences([index], 0, slotCount);
      const objects = storeOf([bytes]) as ObjectStore;
      const referred = await loadReferred({ objects }, references, members, String, new ReadMemory());
      return references.map((one) => ({ plain: referred.upsertsOf(one), ...referred.narrowedOf(one) }));
    };
    const put = (text: string, foreign: readonly number[]) =>
      foreign.reduce(
        (whole, one, i) => whole.replaceAll(String.fromCharCode(128 + i), String.fromCodePoint(one)),
        text,
      );
    const many = (texts: string[]) => Array.from({ length: 5_000 }, (_, i) => texts[i % texts.length] ?? '');
    for (const [texts, kinds] of [
      [['Ann', 'José', 'ÿ\u007f\u0084'], 0],
      [['O’Neil', 'José', 'plain', '’'], 1],
      [['’', '😀', 'Łódź "\\'], 4],
    ] as const) {
      const found = await textsOf(many([...texts]));
      expect(found.length).toBeGreaterThan(1);
      for (const { plain, upserts, foreign } of found) {
        expect(foreign).toHaveLength(kinds);
        expect(upserts).not.toMatch(/[\u0100-\uffff]/);
        expect(put(upserts, foreign)).toBe(plain);
      }
    }
    for (const texts of [['’', 'Łódź 😀', '—'], ['’', '\u0080'], ['\u0083’']]) {
      for (const { plain, upserts, foreign } of await textsOf(many(texts))) {
        expect(foreign).toEqual([]);
        expect(upserts).toBe(plain);
      }
    }
    for (const { plain, upserts, foreign } of await textsOf(many(['’']), ['id', 'sign \u0081'])) {
      expect(foreign).toEqual([]);
      expect(upserts).toBe(plain);
    }
  });

  it('cut one slot by its parts where it has too many rows for a chunk', () => {
    const crowded = [0, 1, 2].map(() => {
      const writer = new SlotWriter(names);
      for (let id = 0; id < 3_000; id++) writer.add({ ...rowOf(id), bucket: 7 });
      return writer.finish().index;
    });
    expect(cutReferences(crowded, 0, 1).map((one) => one.rows)).toEqual([3_000, 3_000, 3_000]);
  });
});

describe('repeatedSlots', () => {
  const metasOf = (keys: { bucket: number; keyJson: string }[]) => {
    const writer = new SlotWriter();
    for (const key of keys) writer.add({ ...rowOf(1), ...key });
    const { bytes, index } = writer.finish();
    return new Uint32Array(bytes.slice(metasAt(index.offsets.at(-1) ?? 0)).buffer);
  };

  it('finds a key that stands twice, in one part or in two', () => {
    const [a, b] = [
      { bucket: 5, keyJson: '"a"' },
      { bucket: 2 ** 31, keyJson: '"b"' },
    ];
    expect([...repeatedSlots([metasOf([a, b])])]).toEqual([]);
    expect([...repeatedSlots([metasOf([a, b, b])])]).toEqual([512]);
    expect([...repeatedSlots([metasOf([a, b]), metasOf([a])])]).toEqual([0]);
  });

  it('leaves different keys of one bucket alone', () => {
    const keys = ['"a"', '"b"', '"c"'].map((keyJson) => ({ bucket: 9, keyJson }));
    expect([...repeatedSlots([metasOf(keys)])]).toEqual([]);
  });
});
