import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'smol-toml';
import { startRelay } from '../relay/dev/relay.ts';
import { startSftpServer } from '../relay/dev/server.ts';
import { localSystemKey, startHub } from './hub.ts';

// The local runtime never fires crons by itself: this does, each full minute, as production would.
const config = parse(readFileSync(new URL('../wrangler.toml', import.meta.url), 'utf8')) as {
  triggers: { crons: string[] };
};

const own = existsSync('.dev.vars');
const [relay, sftp] = await Promise.all([
  startRelay({ port: 8788, onLine: (line) => console.log(line) }),
  startSftpServer({ port: 8722, stateDir: '.wrangler/sftp' }),
]);
const hub = await startHub({
  port: 8787,
  stateDir: '.wrangler/state',
  vars: relay.vars,
  ...(own ? { envFile: '.dev.vars' } : {}),
  onLine: (line) => console.log(line),
});
console.log(`\nThe hub serves on ${hub.url}; its API is described at ${hub.url}/api/docs.`);
if (!own) console.log(`The system key is ${localSystemKey} (from .dev.vars.example).`);
console.log(
  `The relay serves on ${relay.url}. An SFTP server (${sftp.software}) takes files at ${sftp.url};`,
);
console.log(`what arrives is in ${sftp.folder}, its keys are in .wrangler/sftp/keys.json.`);

const timer = setInterval(fireCrons, 1_000);
let lastMinute = Math.floor(Date.now() / 60_000);

async function fireCrons(): Promise<void> {
  const minute = Math.floor(Date.now() / 60_000);
  if (minute === lastMinute) return;
  lastMinute = minute;
  const at = new Date(minute * 60_000);
  for (const cron of config.triggers.crons) {
    if (!isDue(cron, at)) continue;
    const query = new URLSearchParams({ cron, time: String(at.getTime()) });
    await fetch(`${hub.url}/cdn-cgi/local/scheduled?${query}`).catch((error) => console.error(String(error)));
  }
}

/** The two forms `wrangler.toml` uses: every minute, and a minute and hour of each day (UTC). */
function isDue(cron: string, at: Date): boolean {
  const [minute, hour] = cron.split(' ');
  return (
    (minute === '*' || Number(minute) === at.getUTCMinutes()) &&
    (hour === '*' || Number(hour) === at.getUTCHours())
  );
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    clearInterval(timer);
    await Promise.all([hub.stop(), relay.stop(), sftp.stop()]);
    process.exit(0);
  });
}
