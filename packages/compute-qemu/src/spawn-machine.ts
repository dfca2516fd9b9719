import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { privateUmask, withUmask } from '@bakehouse/base';
import { MachineStartError } from './compute-errors.ts';
import { machineFileNames } from './machine-files.ts';

export interface SpawnedMachine {
  readonly pid: number;
  /** Resolves when the process has ended, with how, in words. */
  readonly ended: Promise<string>;
}

/**
 * Starts QEMU in a session of its own with nothing of this process but three file descriptors, so that it
 * lives on when this process is killed. The prefix (`ip netns exec NAME`) must become QEMU by exec.
 */
export async function spawnMachine(
  folder: string,
  argv: readonly string[],
): Promise<SpawnedMachine> {
  const log = await open(join(folder, machineFileNames.log), 'w', 0o600);
  try {
    const [program = '', ...rest] = argv;
    const env = { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
    const stdio = ['ignore', log.fd, log.fd] as const;
    // QEMU makes logs, sockets and its pid file by the umask.
    const child = withUmask(privateUmask, () =>
      spawn(program, rest, { cwd: folder, detached: true, stdio: [...stdio], env }),
    );
    const ended = Promise.withResolvers<string>();
    child.once('exit', (code, signal) =>
      ended.resolve(signal ? `ended by ${signal}` : `exit status ${code}`),
    );
    await once(child, 'spawn').catch((cause) => {
      throw new MachineStartError(`cannot run ${program}`, { cause });
    });
    child.unref();
    if (child.pid === undefined) throw new MachineStartError(`${program} has no process id`);
    return { pid: child.pid, ended: ended.promise };
  } finally {
    await log.close();
  }
}
