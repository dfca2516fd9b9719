import type { EC2Client } from '@aws-sdk/client-ec2';
import type { Connection } from './connection.ts';

/** A server and the client that reaches it. */
export interface ConnectedClient {
  readonly client: EC2Client;
  readonly connection: Connection;
}

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

/** The code of an error that the API returned. */
export function awsErrorCode(error: unknown): string | undefined {
  return error instanceof Error && '$fault' in error ? error.name : undefined;
}

const busyCodes: readonly unknown[] = ['Unavailable', 'RequestLimitExceeded'];
const lostCodes: readonly unknown[] = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE'];

/** Whether no server replied, or only one that cannot serve the request for now. */
export function isServerAway(error: unknown): boolean {
  if (busyCodes.includes(awsErrorCode(error))) return true;
  return error instanceof Error && 'code' in error && lostCodes.includes(error.code);
}
