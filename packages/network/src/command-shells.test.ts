import { CommandError, findProcesses, runCommand } from '@bakehouse/host';
import { afterAll, expect, test } from 'vitest';
import { startShell } from './command-shell.ts';
import { CommandShells } from './command-shells.ts';

const shells = new CommandShells();
afterAll(() => shells.end());
const sh = (script: string, ...words: string[]) => ['sh', '-c', script, ...words];

async function failureOf(running: Promise<string>): Promise<CommandError> {
  const error = await running.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof CommandError) return error;
  throw new Error(`not a CommandError: ${error}`);
}

test('returns standard output as it is, whatever it ends with, and passes input and words on', async () => {
  expect(await shells.run(['cat'], 'one\n\ntwo\n')).toBe('one\n\ntwo\n');
  expect(await shells.run(['cat'], 'no line')).toBe('no line\n');
  expect(await shells.run(['cat'])).toBe('');
  expect(await shells.run(['printf', '%s', "it's $HOME `id`\n; \\"])).toBe("it's $HOME `id`\n; \\");
  expect(await shells.run(['printf', 'ä\n\n'])).toBe('ä\n\n');
  const large = 'x'.repeat(99).concat('\n').repeat(20_000);
  expect(await shells.run(['cat'], large)).toBe(large);
  expect(await shells.run(['true'], large)).toBe('');
});

test('a failure has the exit status and what was written last; the next program is not its heir', async () => {
  const error = await failureOf(shells.run(sh('echo ignored; echo why >&2; exit 3')));
  expect(error.failure).toEqual({ kind: 'exited', code: 3 });
  expect(error.message).toMatch(/^sh -c .* failed with exit status 3: why$/);
  expect((await failureOf(shells.run(sh('echo said; exit 1')))).output).toBe('said');
  expect(await shells.run(['echo', 'next'])).toBe('next\n');
});

test('a program that is not installed, and one that was killed, are named', async () => {
  expect((await failureOf(shells.run(['no-such-program-here']))).failure.kind).toBe(
    'not-installed',
  );
  const killed = await failureOf(shells.run(sh('kill -9 $$')));
  expect(killed.failure).toEqual({ kind: 'killed', signal: 'SIGKILL' });
});

test('a shell that is killed fails its program, and others go on', async () => {
  const error = await failureOf(shells.run(sh('kill -9 $PPID')));
  expect(error.failure).toEqual({ kind: 'killed', signal: 'SIGKILL' });
  expect(await shells.run(['echo', 'still here'])).toBe('still here\n');
});

test('many at once have each their own output', async () => {
  const texts = Array.from({ length: 40 }, (_, index) => `${index}\n`);
  expect(await Promise.all(texts.map((text) => shells.run(['cat'], text)))).toEqual(texts);
});

test('a shell that has ended leaves no process', async () => {
  const own = new CommandShells();
  const pid = Number(await own.run(sh('echo $PPID')));
  own.end();
  await expect
    .poll(() => findProcesses((process) => process.pid === pid), { timeout: 30_000 })
    .toEqual([]);
});

test('shells that cannot be started fail their programs, and keep no later one waiting', async () => {
  let refusals = 10;
  const own = new CommandShells(() => {
    refusals -= 1;
    if (refusals >= 0) throw new Error('spawn ENOMEM');
    return startShell();
  });
  const errors = await Promise.all(Array.from({ length: 10 }, () => failureOf(own.run(['true']))));
  expect(errors.map(({ failure }) => failure.kind)).toEqual(errors.map(() => 'not-started'));
  expect(errors[0]?.output).toBe('spawn ENOMEM');
  expect(await own.run(['echo', 'started'])).toBe('started\n');
  own.end();
});

test('without a free file descriptor a program is not started, and the process goes on', async () => {
  const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const script = `
    import { closeSync, openSync } from 'node:fs';
    import { CommandShells } from ${module('./command-shells.ts')};
    import { runCommand } from ${module('../../host/src/run-command.ts')};
    const shells = new CommandShells();
    const ways = [(argv) => shells.run(argv), (argv) => runCommand(argv, { timeoutMs: 20_000 })];
    const outcomes = () => Promise.all(ways.map((run) =>
      run(['echo', 'ran']).catch(({ failure }) => failure.kind)));
    const taken = [];
    try { for (;;) taken.push(openSync('/dev/null')); } catch {}
    const without = await outcomes();
    for (const descriptor of taken) closeSync(descriptor);
    console.log(JSON.stringify([...without, ...(await outcomes())]));
    shells.end();`;
  const limited = sh(
    'ulimit -n 64; exec "$0" --input-type=module -e "$1"',
    process.execPath,
    script,
  );
  const output = await runCommand(limited, { timeoutMs: 60_000 });
  expect(JSON.parse(output)).toEqual(['not-started', 'not-started', 'ran\n', 'ran\n']);
});

test('of errors only the end is kept, however much a program writes', async () => {
  const error = await failureOf(
    shells.run(sh('head -c 67108864 /dev/zero >&2; echo why >&2; exit 3')),
  );
  expect(error.failure).toEqual({ kind: 'exited', code: 3 });
  expect(error.output).toMatch(/why$/);
  expect(error.output.length).toBeLessThanOrEqual(4_096);
});
