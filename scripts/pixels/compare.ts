import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';

export interface Difference {
  /** Of all pixels of the larger picture, from 0 to 1. */
  share: number;
  pixels: number;
  /** The later picture, pale, with what differs in red. */
  picture: Buffer;
}

/** Compares two PNG files pixel by pixel, on a canvas of a blank page; null where none differs. */
export async function compare(on: Page, before: string, after: string): Promise<Difference | null> {
  const [a, b] = [readFileSync(before), readFileSync(after)];
  if (a.equals(b)) return null;
  const found = await on.evaluate(differ, [a.toString('base64'), b.toString('base64')] as const);
  if (found.pixels === 0) return null;
  return { ...found, picture: Buffer.from(found.picture, 'base64') };
}

/** Runs in the page. What only one of the two covers differs. */
async function differ(pngs: readonly [string, string]) {
  const images = await Promise.all(
    pngs.map(async (png) => createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob())),
  );
  const width = Math.max(...images.map((image) => image.width));
  const height = Math.max(...images.map((image) => image.height));
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width, height });
  const ink = canvas.getContext('2d', { willReadFrequently: true });
  if (ink === null) throw new Error('no canvas');
  const [before, after] = images.map((image) => {
    ink.clearRect(0, 0, width, height);
    ink.drawImage(image, 0, 0);
    return ink.getImageData(0, 0, width, height);
  });
  if (before === undefined || after === undefined) throw new Error('no pictures');
  const [was, is] = [before, after].map(({ data }) => new Uint32Array(data.buffer)) as [
    Uint32Array,
    Uint32Array,
  ];
  const drawn = ink.createImageData(width, height);
  let pixels = 0;
  for (let at = 0; at < is.length; at++) {
    const differs = was[at] !== is[at];
    if (differs) pixels++;
    for (const channel of [0, 1, 2]) {
      const pale = 255 - (255 - (after.data[at * 4 + channel] ?? 0)) / 4;
      drawn.data[at * 4 + channel] = differs ? ([230, 0, 40][channel] ?? 0) : pale;
    }
    drawn.data[at * 4 + 3] = 255;
  }
  ink.putImageData(drawn, 0, 0);
  return { pixels, share: pixels / is.length, picture: canvas.toDataURL('image/png').split(',')[1] ?? '' };
}
