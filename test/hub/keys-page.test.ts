import { describe, expect, inject, it } from 'vitest';
import { cellsOf, signedIn, verdictOf } from '../support/browser.ts';
import { type Body, expectStatus, newProgram } from '../support/client.ts';

const url = inject('hubUrl');
const dayMs = 86_400_000;

describe('the page of keys', () => {
  it('lists those that end first, says in how long, of keys of the drop folder too, and what used one last', async () => {
    const program = await newProgram(url);
    const keys = `/api/programs/${program.programId}/keys`;
    const make = async (name: string, days?: number) => {
      const expiresAt =
        days === undefined ? {} : { expiresAt: new Date(Date.now() + days * dayMs).toISOString() };
      return expectStatus(
        await program.call('POST', keys, { body: { name, scopes: ['read'], ...expiresAt } }),
        201,
      ).body;
    };
    await make('in a month', 30);
    await make('in six days', 6.5);
    const rotated = await make('rotated', 90);
    await make('for ever');
    const body = { overlapHours: 60 };
    expectStatus(await program.call('POST', `${keys}/${rotated.keyId}/rotate`, { body }), 201);

    const names: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const path = `${keys}?order=end&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`;
      const { items, nextCursor }: Body = expectStatus(await program.call('GET', path), 200).body;
      names.push(...items.map(({ name }: Body) => name));
      cursor = nextCursor;
    }
    // Of those that never end the newest first; a rotation's successor ends as the key it follows does.
    expect(names.slice(0, 3)).toEqual(['rotated', 'in six days', 'in a month']);
    expect(names.slice(-2)).toEqual(['for ever', 'test']);
    expect(names).toHaveLength(6);

    const drop = expectStatus(await program.call('GET', `/api/programs/${program.programId}/drop`), 200).body;
    const rotate = `/api/programs/${program.programId}/drop/rotate`;
    expectStatus(await program.call('POST', rotate, { body: { overlapHours: 150 } }), 201);
    const visitor = await signedIn(url, program.key);
    const { html } = await visitor.get(`/p/${program.programId}/keys`);
    expect(verdictOf(html)).toMatch(
      new RegExp(
        `^Key “rotated” ends in 2 d \\d+ h, drop key ${drop.keys[0].accessKeyId} ends in 6 d \\d+ h, key “in six days” ends in 6 d \\d+ h\\.$`,
      ),
    );
    expect(html.indexOf('>rotated')).toBeLessThan(html.indexOf('>in six days'));
    expect(html.indexOf('>in six days')).toBeLessThan(html.indexOf('>for ever'));
    expect(cellsOf(html, '>for ever').Ends).toMatch(/^never made \d/);
    expect(html).toContain('No use of it has been noted.');
  });
});
