import { once } from 'node:events';
import { createRelay } from './server.ts';
import { readSettings } from './settings.ts';
import { version } from './version.ts';

// The relay's process: settings from the environment, one JSON line per request on standard output.

const log = (line: Record<string, unknown>) => {
  process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), ...line })}\n`);
};

try {
  const settings = readSettings(process.env);
  const relay = createRelay(settings, { log });
  relay.http.listen(settings.port, settings.host);
  await once(relay.http, 'listening');
  const tls = settings.tls !== null;
  log({ level: 'info', message: 'started', version, address: relay.http.address(), tls });
  // A container is told to stop with SIGTERM and killed minutes later: what runs is finished, nothing begun.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      log({ level: 'info', message: 'stopping', signal });
      void relay.stop().then(() => {
        log({ level: 'info', message: 'stopped' });
        process.exit(0);
      });
    });
  }
} catch (error) {
  log({
    level: 'error',
    message: 'not started',
    reason: error instanceof Error ? error.message : String(error),
  });
  process.exit(1);
}
