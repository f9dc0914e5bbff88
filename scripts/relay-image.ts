import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// Builds the relay's image with the container engine that is there. What follows `npm run relay:image --` goes
// to the engine's `build`, such as `--tag registry.example/relay` or `--build-arg BASE=…` for another base.

const engine = ['docker', 'podman'].find(
  (name) => spawnSync(name, ['info'], { stdio: 'ignore' }).status === 0,
);
if (engine === undefined) {
  console.error(
    'No container engine answers here: install Docker or Podman and start it (Debian: apt-get install docker.io), then run this again.',
  );
  process.exit(1);
}
const tag = 'crosswalk-relay';
const { status } = spawnSync(
  engine,
  ['build', '--file', 'relay/Dockerfile', '--tag', tag, ...process.argv.slice(2), '.'],
  { cwd: fileURLToPath(new URL('..', import.meta.url)), stdio: 'inherit' },
);
if (status === 0)
  console.log(`\n${tag} is built. It wants a token: ${engine} run -e RELAY_TOKEN -p 8788:8788 ${tag}`);
process.exit(status ?? 1);
