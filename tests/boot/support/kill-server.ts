import type { Platform } from './platform.ts';
import { until } from './wait.ts';

async function pidOf({ endpoint }: Platform): Promise<number> {
  const response = await fetch(`${endpoint}/healthz`, { signal: AbortSignal.timeout(5000) });
  return ((await response.json()) as { pid: number }).pid;
}

/** kill -9, as the kernel would when memory is short; resolves when the next server serves. */
export async function killServer(platform: Platform): Promise<void> {
  const pid = await pidOf(platform);
  process.kill(pid, 'SIGKILL');
  await until('a new server', async () => (await pidOf(platform)) !== pid);
}
