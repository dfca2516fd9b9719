import type { EC2Client } from '@aws-sdk/client-ec2';
import type { Connection } from './connection.ts';

/** The SDK is loaded only by the commands that use it: it takes longer than all the rest. */
export const loadSdk = () => import('@aws-sdk/client-ec2');

const connectTimeoutMs = 5_000;
const answerTimeoutMs = 60_000;

export async function ec2Client(connection: Connection): Promise<EC2Client> {
  const { EC2Client: Client } = await loadSdk();
  const { endpoint, region, accessKeyId, secretAccessKey } = connection;
  return new Client({
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 2,
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      requestTimeout: answerTimeoutMs,
      throwOnRequestTimeout: true,
    },
  });
}

/** The code of an error that the API answered. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && '$fault' in error ? error.name : undefined;
}
