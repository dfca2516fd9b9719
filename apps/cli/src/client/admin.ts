import type { AdminClient, AdminClientOptions } from '@bakehouse/aws-wire';
import type { Connection } from './connection.ts';

/** The connection as clients of the admin service take it. */
export const adminOptions = (connection: Connection): AdminClientOptions => {
  const { endpoint, region, accessKeyId, secretAccessKey } = connection;
  return { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
};

/** The operator's own calls. */
export async function adminOf(connection: Connection): Promise<AdminClient> {
  const { adminClient } = await import('@bakehouse/aws-wire');
  return adminClient(adminOptions(connection));
}
