import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultDataDirectory } from '@bakehouse/server/settings';
import { CommandFailedError, CommandUsageError } from '../command.ts';

export interface Connection {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  /** Where keys and known hosts are kept. */
  readonly dataDirectory: string;
  /** Where the host has guests' port 22, at their public addresses; absent: there. */
  readonly sshPort?: number;
  /** The alias of the platform's own account, as BAKEHOUSE_OWNER_ALIAS says; `amazon` otherwise. */
  readonly platformOwner: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

export const dataDirectoryOf = (environment: Environment) =>
  environment.BAKEHOUSE_DATA || defaultDataDirectory(environment);

/** A value of the AWS profile that the first start wrote. */
function profileValue(text: string, name: string): string | undefined {
  return new RegExp(`^${name} = (.+)$`, 'm').exec(text)?.[1];
}

export interface Endpoint {
  readonly url: string;
  readonly pid: number;
  readonly compute: 'qemu' | 'simulated';
  /** Absent: guests' own, 22. */
  readonly sshPort?: number;
}

/** The environment in which this folder's own server is meant, whatever the shell points AWS tools at. */
export function environmentFor(dataDirectory: string, environment: Environment): Environment {
  const { AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, ...rest } = environment;
  return { ...rest, BAKEHOUSE_DATA: dataDirectory };
}

/** What the last server of a data folder wrote down; it need not run any more. */
export async function findEndpoint(dataDirectory: string): Promise<Endpoint | undefined> {
  const text = await readFile(join(dataDirectory, 'endpoint.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text);
}

async function endpointOf(dataDirectory: string): Promise<Endpoint> {
  const endpoint = await findEndpoint(dataDirectory);
  if (endpoint) return endpoint;
  throw new CommandFailedError(
    `no server has run on ${dataDirectory} yet; start one with 'bakehouse serve', or name its folder by BAKEHOUSE_DATA`,
  );
}

function checkedUrl(endpoint: string): string {
  if (/^https?:/.test(endpoint) && URL.canParse(endpoint)) return endpoint;
  throw new CommandUsageError(
    `AWS_ENDPOINT_URL is '${endpoint}', which is no URL such as http://127.0.0.1:4599`,
  );
}

/**
 * How to reach the server: by AWS_ENDPOINT_URL and AWS_ACCESS_KEY_ID where they are set, else as the server
 * of the data folder has written it down.
 */
export async function findConnection(
  environment: Environment,
  regionAsked?: string,
): Promise<Connection> {
  const dataDirectory = dataDirectoryOf(environment);
  const path = join(dataDirectory, 'credentials');
  const profile = await readFile(path, 'utf8').catch(() => '');
  const { AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION } = environment;
  const found = AWS_ENDPOINT_URL
    ? await findEndpoint(dataDirectory)
    : await endpointOf(dataDirectory);
  const endpoint = AWS_ENDPOINT_URL ? checkedUrl(AWS_ENDPOINT_URL) : (found?.url ?? '');
  const sshPort = found?.url === endpoint ? found.sshPort : undefined;
  const isGiven = AWS_ACCESS_KEY_ID && AWS_SECRET_ACCESS_KEY;
  const accessKeyId = isGiven ? AWS_ACCESS_KEY_ID : profileValue(profile, 'aws_access_key_id');
  const secretAccessKey = isGiven
    ? AWS_SECRET_ACCESS_KEY
    : profileValue(profile, 'aws_secret_access_key');
  if (!accessKeyId || !secretAccessKey) {
    throw new CommandFailedError(
      `no credentials in ${path} nor in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`,
    );
  }
  const region =
    regionAsked ||
    AWS_REGION ||
    environment.AWS_DEFAULT_REGION ||
    profileValue(profile, 'region') ||
    'us-east-1';
  const platformOwner = environment.BAKEHOUSE_OWNER_ALIAS || 'amazon';
  const connection = {
    endpoint,
    accessKeyId,
    secretAccessKey,
    region,
    dataDirectory,
    platformOwner,
  };
  return { ...connection, ...(sshPort === undefined ? {} : { sshPort }) };
}
