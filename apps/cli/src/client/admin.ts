import type { AdminClient } from '@bakehouse/aws-wire';
import type { Connection } from './connection.ts';

/** The operator's own calls. */
export async function adminOf(connection: Connection): Promise<AdminClient> {
  const { adminClient } = await import('@bakehouse/aws-wire');
  const { endpoint, region, accessKeyId, secretAccessKey } = connection;
  return adminClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
}

/** All events of a call; the last is the result. */
export async function lastEvent<Result>(
  events: AsyncIterable<unknown>,
  onEvent: (event: unknown) => void = () => {},
): Promise<Result> {
  let last: unknown;
  for await (const event of events) {
    if (last !== undefined) onEvent(last);
    last = event;
  }
  return last as Result;
}
