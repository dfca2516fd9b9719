import type { Platform } from './platform.ts';
import { until } from './wait.ts';

async function healthOf({ endpoint }: Platform): Promise<{ pid: number; status: string }> {
  const response = await fetch(`${endpoint}/healthz`, { signal: AbortSignal.timeout(5000) });
  return (await response.json()) as { pid: number; status: string };
}

/** kill -9, as the kernel would when memory is short; resolves when the next server is ready. */
export async function killServer(platform: Platform): Promise<void> {
  const { pid } = await healthOf(platform);
  process.kill(pid, 'SIGKILL');
  await until('a new server', async () => {
    const next = await healthOf(platform);
    return next.pid !== pid && next.status !== 'starting';
  });
}
