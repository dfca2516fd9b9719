import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, rm } from 'node:fs/promises';
import { systemClock } from '@bakehouse/base';
import type { BlockMapId } from '@bakehouse/domain';

export interface Exporter {
  /** Repeatable. */
  stop(): Promise<void>;
}

/** Serves a raw file as a map, as the block server does. */
export async function startExporter(
  socketPath: string,
  rawPath: string,
  mapId: BlockMapId,
): Promise<Exporter> {
  await rm(socketPath, { force: true });
  const args = ['-r', '-t', '-e', '20', '-f', 'raw', '-k', socketPath, '-x', mapId, rawPath];
  const exporter = spawn('qemu-nbd', args, { stdio: 'ignore' });
  await appears(socketPath);
  // As the block server's for guests: machines have users of their own.
  await chmod(socketPath, 0o666);
  return {
    async stop() {
      if (exporter.exitCode !== null || exporter.signalCode !== null) return;
      const gone = once(exporter, 'exit');
      exporter.kill('SIGKILL');
      await gone;
    },
  };
}

async function appears(path: string): Promise<void> {
  const endsAt = Date.now() + 20_000;
  while (
    !(await access(path).then(
      () => true,
      () => false,
    ))
  ) {
    if (Date.now() > endsAt) throw new Error(`${path} does not appear`);
    await systemClock.sleep(10);
  }
}
