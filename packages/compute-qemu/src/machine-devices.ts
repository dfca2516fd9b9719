import type { Clock } from '@bakehouse/base';
import { isJsonObject, type QmpClient, QmpError } from '@bakehouse/qmp';

export interface ReleaseOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Between two requests to the guest. */
  readonly retryMs: number;
}

/** The ids of the devices that a machine was given, at its start and since. */
export async function deviceIds(client: QmpClient): Promise<ReadonlySet<string>> {
  const children = await client.execute('qom-list', { path: '/machine/peripheral' });
  const list = Array.isArray(children) ? children.filter(isJsonObject) : [];
  return new Set(list.map(({ name }) => `${name}`));
}

/** Asks the guest to release the device until it does, or the time is over. True when it has released it. */
export async function guestReleases(
  client: QmpClient,
  id: string,
  { clock, timeoutMs, retryMs }: ReleaseOptions,
): Promise<boolean> {
  const deadline = clock.elapsed() + timeoutMs;
  const released = new AbortController();
  const stopListening = client.onEvent(({ event, data }) => {
    if (event === 'DEVICE_DELETED' && data.device === id) released.abort();
  });
  try {
    while (!released.signal.aborted && (await deviceIds(client)).has(id)) {
      const remainingMs = deadline - clock.elapsed();
      if (remainingMs <= 0) return false;
      // QEMU refuses while an earlier request is pending; the device list shows the outcome.
      await client.execute('device_del', { id }).catch(ignoreRefusal);
      await clock.sleep(Math.min(retryMs, remainingMs), released.signal).catch(() => {});
    }
    return true;
  } finally {
    stopListening();
  }
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof QmpError)) throw error;
}
