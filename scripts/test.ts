import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs every gate and every kind of test, and ends with the counts by kind and the line that CI reads. */

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
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
    readonly assertionResults: readonly { fullName: string; status: string }[];
  }[];
}

const bin = join(import.meta.dirname, '..', 'node_modules', '.bin');
const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };

function run(program: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(bin, program), args, { stdio: 'inherit', env });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** A gate counts as one test. */
async function gate(name: string, program: string, args: readonly string[]): Promise<Counts> {
  process.stdout.write(`\n== ${name}\n`);
  const ok = (await run(program, args)) === 0;
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
}

function skips(report: Report): string[] {
  return report.testResults.flatMap((file) =>
    file.assertionResults
      .filter(({ status }) => status === 'pending' || status === 'skipped' || status === 'todo')
      .map(({ fullName }) => `  skipped: ${fullName}`),
  );
}

async function suite(project: string, folder: string): Promise<Counts> {
  process.stdout.write(`\n== ${project} tests\n`);
  const output = join(folder, `${project}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${output}`];
  const code = await run('vitest', ['run', '--project', project, ...reporters]);
  const text = await readFile(output, 'utf8').catch(() => undefined);
  if (text === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const report = JSON.parse(text) as Report;
  for (const line of skips(report)) process.stdout.write(`${line}\n`);
  // A suite that broke outside of its tests must count, too.
  const failed = Math.max(report.numFailedTests, code === 0 ? 0 : 1);
  const skipped = report.numPendingTests + report.numTodoTests;
  return { passed: report.numPassedTests, failed, skipped };
}

const folder = await mkdtemp(join(tmpdir(), 'bakehouse-test-'));
const results: [string, Counts][] = [];
results.push(['types', await gate('types', 'tsc', ['--noEmit', '-p', 'tsconfig.json'])]);
results.push(['lint', await gate('lint', 'biome', ['check', '--error-on-warnings', '.'])]);
results.push(['unused code', await gate('unused code', 'knip', ['--no-config-hints'])]);
for (const project of ['unit', 'simulation', 'integration', 'boot']) {
  results.push([project, await suite(project, folder)]);
}
await rm(folder, { recursive: true });

process.stdout.write('\n');
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
