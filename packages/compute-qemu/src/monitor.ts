import {
  isJsonObject,
  type QmpClient,
  QmpClosedError,
  QmpError,
  QmpTimeoutError,
} from '@bakehouse/qmp';

const failures = [QmpClosedError, QmpError, QmpTimeoutError];

/** QEMU ended, refused a command or did not respond in time. */
export function isMonitorFailure(error: unknown): error is Error {
  return failures.some((each) => error instanceof each);
}

/** What the machine does: `RunState` of QEMU's QMP reference. */
export async function runStateOf(
  client: QmpClient,
  options: Parameters<QmpClient['execute']>[2] = {},
): Promise<unknown> {
  const status = await client.execute('query-status', {}, options);
  return isJsonObject(status) ? status.status : undefined;
}

/** QEMU's own name for its build. */
export async function qemuBuildOf(client: QmpClient): Promise<string> {
  return JSON.stringify(await client.execute('query-version'));
}
