import { isJsonObject, type QmpClient } from '@bakehouse/qmp';

/** As fast as it goes. */
const bandwidth = 2 ** 40;

/** Begins to send memory and devices to a socket in the machine's folder. */
export async function migrateTo(client: QmpClient, socketName: string): Promise<void> {
  await client.execute('migrate-set-parameters', { 'max-bandwidth': bandwidth });
  await client.execute('migrate', { uri: `unix:${socketName}` });
}

interface Migration {
  /** Undefined when none was ever begun. */
  readonly status: string | undefined;
  readonly why: string | undefined;
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined;

/** The last one that was begun. */
export async function migrationOf(client: QmpClient): Promise<Migration> {
  const reply = await client.execute('query-migrate');
  const { status, 'error-desc': why } = isJsonObject(reply) ? reply : {};
  return { status: textOf(status), why: textOf(why) };
}
