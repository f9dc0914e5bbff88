// Says in one plain sentence what is too old, before anything fails in a way that does not.
// Written in old syntax on purpose: it must parse on the Node it complains about.
var wanted = process.argv[2] === 'install' ? [20, 0] : [22, 12];
var have = process.versions.node.split('.').map(Number);
if (have[0] < wanted[0] || (have[0] === wanted[0] && have[1] < wanted[1])) {
  process.stderr.write(
    process.argv[2] === 'install'
      ? 'Crosswalk needs Node 20 or later to install (this is Node ' +
          process.versions.node +
          '): install a newer Node, then run "npm ci" again.\n'
      : 'Crosswalk runs on the Node 24 that "npm ci" puts into node_modules, but found Node ' +
          process.versions.node +
          ': run "npm ci" again with install scripts allowed for the package "node" (see allowScripts in package.json).\n',
  );
  process.exit(1);
}
