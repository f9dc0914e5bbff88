import { appendFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startRelay } from '../../relay/dev/relay.ts';
import { startHub } from '../../scripts/hub.ts';

declare module 'vitest' {
  interface ProvidedContext {
    hubUrl: string;
    hubLog: string;
  }
}

/** One hub, with its relay, for all files of the project `hub`; each test makes its own program in it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const hubLog = join(mkdtempSync(join(tmpdir(), 'crosswalk-log-')), 'hub.log');
  const relay = await startRelay();
  const hub = await startHub({ vars: relay.vars, onLine: (line) => appendFileSync(hubLog, `${line}\n`) });
  project.provide('hubUrl', hub.url);
  project.provide('hubLog', hubLog);
  return async () => {
    await hub.stop();
    await relay.stop();
  };
}
