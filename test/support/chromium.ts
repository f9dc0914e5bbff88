import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const paths = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The machine's own Chromium, without a window and without talking to anyone else. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? paths.find((path) => existsSync(path));
  if (executablePath === undefined)
    throw new Error(
      'The suite "browser" needs Chromium: install it (Debian: apt-get install chromium), or name it in CHROMIUM.',
    );
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--force-color-profile=srgb',
      '--font-render-hinting=none',
      // What is drawn anew is drawn whole, and what scrolls is no layer of its own: two pictures of one page
      // are the same to the pixel.
      '--disable-partial-raster',
      '--disable-lcd-text',
      '--disable-prefer-compositing-to-lcd-text',
      '--disable-composited-antialiasing',
    ],
  });
}
