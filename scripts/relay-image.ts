import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// Builds the relay's image with the container engine that is there. `npm run relay:image [-- --tag NAME]
// [--base IMAGE]`; the base is the Dockerfile's unless told, for machines that have another one at hand.

const root = fileURLToPath(new URL('..', import.meta.url));
const options = process.argv.slice(2);
const optionOf = (name: string) => {
  const at = options.indexOf(name);
  return at === -1 ? undefined : options[at + 1];
};
const tag = optionOf('--tag') ?? 'crosswalk-relay';
const base = optionOf('--base');

const engine = ['docker', 'podman'].find(
  (name) => spawnSync(name, ['info'], { stdio: 'ignore' }).status === 0,
);
if (engine === undefined) {
  console.error(
    'No container engine answers here: install Docker or Podman and start it (Debian: apt-get install docker.io), then run this again.',
  );
  process.exit(1);
}
const args = ['build', '--file', 'relay/Dockerfile', '--tag', tag];
if (base !== undefined) args.push('--build-arg', `BASE=${base}`);
const { status } = spawnSync(engine, [...args, '.'], { cwd: root, stdio: 'inherit' });
if (status === 0)
  console.log(`\n${tag} is built. It needs RELAY_TOKEN: ${engine} run -e RELAY_TOKEN -p 8788:8788 ${tag}`);
process.exit(status ?? 1);
