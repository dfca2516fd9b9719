import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultDataDirectory } from '@bakehouse/server';
import { CommandFailedError } from '../command.ts';

export interface Connection {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

export const dataDirectoryOf = (environment: Environment) =>
  environment.BAKEHOUSE_DATA || defaultDataDirectory(environment);

function credential(text: string, name: string): string | undefined {
  return new RegExp(`^${name} = (.+)$`, 'm').exec(text)?.[1];
}

async function readEndpoint(data: string): Promise<string> {
  const path = join(data, 'endpoint.json');
  try {
    const { url } = JSON.parse(await readFile(path, 'utf8')) as { url: string };
    return url;
  } catch (cause) {
    throw new CommandFailedError(
      `no server has run on ${data} yet; start one with 'bakehouse serve', or name its folder by BAKEHOUSE_DATA`,
      { cause },
    );
  }
}

/**
 * How to reach the server: by AWS_ENDPOINT_URL and AWS_ACCESS_KEY_ID where they are set, else as the server
 * of the data folder has written it down.
 */
export async function findConnection(environment: Environment): Promise<Connection> {
  const data = dataDirectoryOf(environment);
  const profile = await readFile(join(data, 'credentials'), 'utf8').catch(() => '');
  const { AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION } = environment;
  const own = AWS_ACCESS_KEY_ID && AWS_SECRET_ACCESS_KEY;
  const accessKeyId = own ? AWS_ACCESS_KEY_ID : credential(profile, 'aws_access_key_id');
  const secretAccessKey = own
    ? AWS_SECRET_ACCESS_KEY
    : credential(profile, 'aws_secret_access_key');
  if (!accessKeyId || !secretAccessKey) {
    throw new CommandFailedError(
      `no credentials in ${join(data, 'credentials')} nor in the environment`,
    );
  }
  return {
    endpoint: AWS_ENDPOINT_URL || (await readEndpoint(data)),
    accessKeyId,
    secretAccessKey,
    region:
      AWS_REGION || environment.AWS_DEFAULT_REGION || credential(profile, 'region') || 'us-east-1',
  };
}
