import { expect, it } from 'vitest';
import { grantsOf } from '../../src/dashboard/access.ts';
import type { AccessRule } from '../../src/env.ts';

const rules: AccessRule[] = [
  { who: 'ops@hub.example', role: 'operator' },
  { who: '*@harbour.example', role: 'viewer', program: 'Harbour' },
  { who: 'anna@harbour.example', role: 'manager', program: 'harbour' },
  { who: 'group:registrars', role: 'engineer', program: 'quay' },
];

it.each([
  ['ops@hub.example', [], [{ programId: null, scopes: [] }]],
  ['ben@harbour.example', [], [{ programId: 'harbour', scopes: ['read'] }]],
  ['anna@harbour.example', [], [{ programId: 'harbour', scopes: ['read', 'flows'] }]],
  ['anna@xharbour.example', [], []],
  ['anna@sub.harbour.example', [], []],
  ['ops@hub.example.evil.example', [], []],
  [
    'x@y.example',
    ['registrars'],
    [
      {
        programId: 'quay',
        scopes: ['read', 'files', 'jobs', 'events:publish', 'exports', 'webhooks', 'manage'],
      },
    ],
  ],
  ['group:registrars', [], []],
])('grants %s of %j what the rules say', (email, groups, grants) => {
  expect(grantsOf({ email, groups }, rules)).toEqual(grants);
});
