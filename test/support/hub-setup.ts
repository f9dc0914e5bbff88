import { appendFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startRelay } from '../../relay/dev/relay.ts';
import { startHub } from '../../scripts/hub.ts';
import { audience, newSigningKey, type SigningKey, startTeam } from './access.ts';

declare module 'vitest' {
  interface ProvidedContext {
    hubUrl: string;
    hubLog: string;
    /** The team of Cloudflare Access that the hub trusts. */
    access: { team: string; secret: SigningKey };
  }
}

/** One hub, with its relay, for all files of the project `hub`; each test makes its own program in it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const hubLog = join(mkdtempSync(join(tmpdir(), 'crosswalk-log-')), 'hub.log');
  const relay = await startRelay({ env: { RELAY_EGRESS: '203.0.113.7,2001:db8::7' } });
  const { secret, open } = await newSigningKey('k1');
  const team = await startTeam([open]);
  const people = [
    { who: 'ops@crosswalk.example', role: 'operator' },
    { who: '*@harbour.example', role: 'manager', program: 'access-quay' },
  ];
  const access = {
    ACCESS_TEAM: team.url,
    ACCESS_AUD: `another,${audience}`,
    ACCESS_PEOPLE: JSON.stringify(people),
  };
  const hub = await startHub({
    vars: { ...relay.vars, ...access },
    onLine: (line) => appendFileSync(hubLog, `${line}\n`),
  });
  project.provide('hubUrl', hub.url);
  project.provide('hubLog', hubLog);
  project.provide('access', { team: team.url, secret });
  return async () => {
    await hub.stop();
    await relay.stop();
    await team.close();
  };
}
