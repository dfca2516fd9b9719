import { processesOf } from './leftovers.ts';
import type { Platform } from './platform.ts';
import { until } from './wait.ts';

/** Undefined while none runs. */
export async function blockServerPid({ dataDirectory }: Platform): Promise<number | undefined> {
  const processes = await processesOf([dataDirectory]);
  return processes.find(({ argv }) => argv.includes('block-server.ts'))?.pid;
}

/** kill -9; resolves when it is gone. */
export async function killBlockServer(platform: Platform): Promise<number> {
  const pid = await until('a block server', () => blockServerPid(platform));
  process.kill(pid, 'SIGKILL');
  await until('its end', async () => (await blockServerPid(platform)) !== pid, { everyMs: 20 });
  return pid;
}
