import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

// Runs the named suites (those of `npm test` unless told), and ends with one line that counts them.
const suites = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const wanted = suites.length > 0 ? suites : ['pure', 'worker', 'hub', 'scenarios', 'relay'];
if (wanted.includes('shared') && !existsSync('../shared/data')) {
  process.stderr.write('The suite "shared" reads the reference data in ../shared, which is not there.\n');
  process.exit(1);
}

const folder = mkdtempSync(join(tmpdir(), 'crosswalk-test-'));
const report = join(folder, 'report.json');
const vitest = join('node_modules', 'vitest', 'vitest.mjs');
const args = [vitest, 'run', ...wanted.flatMap((name) => ['--project', name])];
args.push('--reporter=default', '--reporter=json', `--outputFile.json=${report}`);
const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
if (!existsSync(report)) process.exit(status === 0 ? 1 : (status ?? 1));

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { fullName: string; status: string; failureMessages: string[] | null }[];
  }[];
}
const result: Report = JSON.parse(readFileSync(report, 'utf8'));
rmSync(folder, { recursive: true, force: true });
// A file that does not even load has no failed test, yet it failed.
const failed = result.numFailedTests === 0 && status !== 0 ? 1 : result.numFailedTests;
if (result.numPendingTests > 0)
  process.stderr.write(`${result.numPendingTests} tests were skipped; none may be.\n`);
for (const line of failures(result)) process.stdout.write(`FAILED ${line}\n`);
process.stdout.write(`\n${result.numPassedTests} passed, ${failed} failed\n`);
process.exit(failed > 0 || result.numPendingTests > 0 || result.numPassedTests === 0 ? 1 : 0);

/** A line for each test, or file without any, that failed: which, and the first line of why. */
function failures({ testResults }: Report): string[] {
  const firstLine = (text = '') => text.split('\n')[0] ?? '';
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(process.cwd(), name);
    const lines = assertionResults
      .filter((one) => one.status === 'failed')
      .map(({ fullName, failureMessages }) => `${file}: ${fullName}: ${firstLine(failureMessages?.[0])}`);
    return lines.length > 0 || status === 'passed' ? lines : [`${file}: ${firstLine(message)}`];
  });
}
