import { spawn } from 'node:child_process';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

/** Runs every gate and every kind of test, and ends with the counts by kind and the line that CI reads. */

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What failed, a line each. */
  readonly failures: readonly string[];
}

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly numFailedTestSuites: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly message?: string;
    readonly status: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

const root = join(import.meta.dirname, '..');
const bin = join(root, 'node_modules', '.bin');
const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };

/** Returns the exit code. What the program prints goes to this file, if one is given, and else to the terminal. */
async function run(program: string, args: readonly string[], log?: string): Promise<number> {
  await using file = log === undefined ? undefined : await open(log, 'w');
  const to = file?.fd ?? 'inherit';
  return await new Promise((resolve, reject) => {
    const child = spawn(join(bin, program), args, { stdio: ['inherit', to, to], env });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** A gate counts as one test. */
async function gate(name: string, program: string, args: readonly string[]): Promise<Counts> {
  process.stdout.write(`\n== ${name}\n`);
  const ok = (await run(program, args)) === 0;
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0, failures: ok ? [] : [name] };
}

function skips(report: Report): string[] {
  return report.testResults.flatMap((file) =>
    file.assertionResults
      .filter(({ status }) => status === 'pending' || status === 'skipped' || status === 'todo')
      .map(({ fullName }) => `  skipped: ${fullName}`),
  );
}

/** One line for each test that failed, and for each file that broke outside of its tests. */
function failures({ testResults }: Report): string[] {
  return testResults.flatMap(({ name, message = '', status, assertionResults }) => {
    const file = relative(root, name);
    const failed = assertionResults.filter((each) => each.status === 'failed');
    if (failed.length === 0) return status === 'failed' ? [`${file}: ${firstLine(message)}`] : [];
    return failed.map(
      ({ fullName, failureMessages = [] }) =>
        `${file} > ${fullName}: ${firstLine(failureMessages[0] ?? '')}`,
    );
  });
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

/** Vitest leaves a core to others, and so half of two. */
const onAllCores = ['--maxWorkers=100%'];

/** By project. Unit tests are many small files: they share the loaded modules. */
const flags: Readonly<Record<string, readonly string[]>> = {
  unit: [...onAllCores, '--no-isolate'],
  simulation: onAllCores,
  sqlite: onAllCores,
  postgres: onAllCores,
};

/** With `beside`, what it prints comes at its end, in one piece: another kind runs at the same time. */
async function suite(project: string, folder: string, beside = false): Promise<Counts> {
  const log = beside ? join(folder, `${project}.log`) : undefined;
  const title = `\n== ${project} tests\n`;
  if (log === undefined) process.stdout.write(title);
  const output = join(folder, `${project}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${output}`];
  const more = flags[project] ?? [];
  const code = await run('vitest', ['run', '--project', project, ...more, ...reporters], log);
  if (log !== undefined) process.stdout.write(`${title}${await readFile(log, 'utf8')}`);
  const text = await readFile(output, 'utf8').catch(() => undefined);
  if (text === undefined) {
    return { passed: 0, failed: 1, skipped: 0, failures: [`${project}: vitest wrote no report`] };
  }
  const report = JSON.parse(text) as Report;
  for (const line of skips(report)) process.stdout.write(`${line}\n`);
  // A suite that broke outside of its tests must count, too.
  const failed = Math.max(report.numFailedTests, code === 0 ? 0 : 1);
  const skipped = report.numPendingTests + report.numTodoTests;
  return { passed: report.numPassedTests, failed, skipped, failures: failures(report) };
}

/** One after the other. */
async function inTurn(projects: readonly string[], beside = false): Promise<[string, Counts][]> {
  const counts: [string, Counts][] = [];
  for (const project of projects) counts.push([project, await suite(project, folder, beside)]);
  return counts;
}

const folder = await mkdtemp(join(tmpdir(), 'bakehouse-test-'));
const results: [string, Counts][] = [];
results.push(['types', await gate('types', 'tsc', ['--noEmit', '-p', 'tsconfig.json'])]);
results.push(['lint', await gate('lint', 'biome', ['check', '--error-on-warnings', '.'])]);
results.push(['unused code', await gate('unused code', 'knip', ['--no-config-hints'])]);
results.push(...(await inTurn(['unit', 'simulation'])));
// Boots take longest, and wait for guests and timers much of the time.
const slow = [inTurn(['sqlite', 'postgres', 'integration'], true), inTurn(['boot'])];
for (const counts of await Promise.all(slow)) results.push(...counts);
await rm(folder, { recursive: true });

process.stdout.write('\n');
for (const [name, { failures: lines }] of results) {
  for (const line of lines) process.stdout.write(`failed (${name}): ${line}\n`);
}
for (const [name, { passed, failed, skipped }] of results) {
  process.stdout.write(
    `${name.padEnd(12)} ${passed} passed, ${failed} failed, ${skipped} skipped\n`,
  );
}
const total = (of: (counts: Counts) => number) => results.reduce((sum, [, c]) => sum + of(c), 0);
const failed = total((counts) => counts.failed);
process.stdout.write(
  `${total((c) => c.passed)} passed, ${failed} failed, ${total((c) => c.skipped)} skipped\n`,
);
process.exitCode = failed === 0 ? 0 : 1;
