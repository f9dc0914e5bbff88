import type { Helper } from '../dialect.ts';
import { ownProperty } from '../paths.ts';
import { closest } from '../suggest.ts';

const lookup: Helper = {
  least: 2,
  most: 2,
  named: [],
  isBlock: false,
  call: ([parent, name]) => (parent ? ownProperty(parent, String(name)) : parent),
};

const helpers = new Map<string, Helper>([['lookup', lookup]]);

export const findHelper = (name: string): Helper | undefined => helpers.get(name);

const builtInBlocks = ['if', 'unless', 'each', 'with'];

export function suggestHelper(name: string): string | null {
  const near = closest(name, [...helpers.keys(), ...builtInBlocks]);
  return near === null ? null : `Did you mean "${near}"?`;
}
