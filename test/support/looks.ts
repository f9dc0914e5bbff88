import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect } from 'vitest';

interface Node {
  line: string;
  below: Node[];
}

/** A text without what is another in each run: ids, times, durations, sizes and numbers are named instead. */
export function masked(text: string): string {
  return text
    .replaceAll(/cursor=[^\s&"]+/g, 'cursor=<cursor>')
    .replaceAll(/\b[a-z]{3}_[0-9a-z]{20,26}\b/g, '<id>')
    .replaceAll(/\bt-[0-9a-f]{16}\b/g, '<program>')
    .replaceAll(/\bCWAK[0-9A-Z]{16}\b/g, '<drop key>')
    .replaceAll(/\bcrosswalk-sftp-\w{6}\b/g, '<folder>')
    .replaceAll(/\b[0-9a-f]{64}\b/g, '<hash>')
    .replaceAll(/\+[0-9a-f]{12}\b/g, '+<hash>')
    .replaceAll(/\b[0-9a-f]{7,64}\b(?=.*\d)/g, '<hash>')
    .replaceAll(/SHA256:[\w+/]{43}/g, '<fingerprint>')
    .replaceAll(/\b[0-9a-z]{16}\.(csv|json)/g, '<name>.$1')
    .replaceAll(/-[0-9a-z]{7}\.(csv|json)/g, '-<name>.$1')
    .replaceAll(/\d{1,2} \w{3,4} \d{4}(?:, \d\d:\d\d:\d\d)?/g, '<time>')
    .replaceAll(/\d{4}-\d\d-\d\d(?:T[\d:.]+Z)?/g, '<time>')
    .replaceAll(/\d\d:\d\d(?::\d\d)?/g, '<time>')
    .replaceAll(/\b(?:under )?\d+(?:\.\d+)? (?:ms|min|[dhs])\b(?: \d+ (?:min|[dhs])\b)*/g, '<duration>')
    .replaceAll(/\d+(?:\.\d+)? [kMG]?B\b/g, '<size>')
    .replaceAll(/\d[\d\u202f.,]*/g, '#');
}

/**
 * What a reader is told of a page, as text that is the same in every run: what varies is masked; rows and items
 * that are then alike stand once, in the order of their letters.
 */
export function likenessOf(aria: string): string {
  return `${written(settled(parsed(masked(aria).split('\n'))))}\n`;
}

function parsed(lines: string[]): Node[] {
  const root: Node = { line: '', below: [] };
  const open: { indent: number; node: Node }[] = [{ indent: -1, node: root }];
  for (const line of lines) {
    const indent = line.search(/\S/);
    if (indent < 0) continue;
    while ((open.at(-1)?.indent ?? -1) >= indent) open.pop();
    const node: Node = { line: line.trim(), below: [] };
    (open.at(-1)?.node ?? root).below.push(node);
    open.push({ indent, node });
  }
  return root.below;
}

const isListed = ({ line }: Node) => /^- (?:row|listitem)\b/.test(line);

/** Rows that are alike but for what is masked stand once, in the order of their letters. */
function settled(nodes: Node[]): Node[] {
  const all = nodes.map(({ line, below }) => ({ line, below: settled(below) }));
  const rows = new Map(all.filter(isListed).map((node) => [written([node]), node]));
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, node]) => node);
  return all.flatMap((node) => {
    if (!isListed(node)) return [node];
    return sorted.splice(0);
  });
}

function written(nodes: Node[], indent = ''): string {
  return nodes
    .map(({ line, below }) => [`${indent}${line}`, written(below, `${indent}  `)].filter(Boolean).join('\n'))
    .join('\n');
}

/** Compares with what is stored; `UPDATE=1` stores what is seen. */
export function expectLikeness(path: string, text: string): void {
  if (process.env.UPDATE === '1') {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return;
  }
  const stored = existsSync(path) ? readFileSync(path, 'utf8') : '';
  expect.soft(text, `${path}: look at the page, and store what is right with UPDATE=1`).toBe(stored);
}
