import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@bakehouse/base';
import { findProcesses, signalProcess, waitForEnd } from '@bakehouse/host';
import { onTestFinished } from 'vitest';

/** In the place of the server: runs one program as a bake does. */
const server = `
import { runCommand } from '@bakehouse/host';
import { bakeCommandRunner } from './bake-command.ts';
const run = bakeCommandRunner({ runCommand, environment: {}, log() {} });
await run(JSON.parse(process.argv[1]));
`;

/**
 * Sends SIGKILL to a process that runs, by a bake's runner, what `argvOf` makes of a program. Whether that program ran
 * before, and whether it has ended then.
 */
export async function endOfServer(
  argvOf: (program: readonly string[]) => readonly string[],
): Promise<{ readonly ran: boolean; readonly ended: boolean }> {
  // Its duration is that of no other process.
  const program = ['sleep', `3600.${randomInt(1e9)}`];
  const argv = ['--input-type=module', '--eval', server, JSON.stringify(argvOf(program))];
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  const child = spawn(process.execPath, argv, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [found] = await findStarted(
    program,
    () => child.exitCode === null && child.signalCode === null,
  );
  if (!found) return { ran: false, ended: false };
  onTestFinished(async () => void (await signalProcess(found, 'SIGKILL')));
  child.kill('SIGKILL');
  return { ran: true, ended: await waitForEnd(found, { clock: systemClock, timeoutMs: 5_000 }) };
}

/** Waits until the program runs, while the server does. */
async function findStarted(program: readonly string[], isServerAlive: () => boolean) {
  for (;;) {
    const found = await findProcesses(({ argv }) => argv.join(' ') === program.join(' '));
    if (found.length > 0 || !isServerAlive()) return found;
    await systemClock.sleep(20);
  }
}
