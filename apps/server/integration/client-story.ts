import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EC2Client } from '@aws-sdk/client-ec2';
import { onTestFinished } from 'vitest';
import { type Inventory, inventory } from './inventory.ts';
import {
  type ClientOptions,
  credentialsOf,
  outputOf,
  type ServerProcess,
  sdkClient,
  startWithImage,
} from './server-process.ts';

/** What clients do, as files: they make things in one step and remove them in another. */
const stories = join(import.meta.dirname, '../../../tests/clients');

const imageId = 'ami-00000000000000001';

export interface Scene {
  readonly server: ServerProcess;
  readonly ec2: EC2Client;
  /** For files of the test; removed with it. */
  readonly folder: string;
  readonly publicKeyPath: string;
  /** What the stories made and still exists, read by the SDK. */
  inventory(): Promise<Inventory>;
}

/** A server of the test's own with one public image, and a new RSA key. */
export async function openScene(...flags: string[]): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-story-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const server = await startWithImage(imageId, ...flags);
  onTestFinished(() => server.stop());
  const ec2 = await sdkClient(server);
  const keyPath = join(folder, 'key');
  const key = ['-q', '-t', 'rsa', '-b', '3072', '-N', '', '-C', 'me@here', '-f', keyPath];
  await outputOf(server, ['/usr/bin/ssh-keygen', ...key]);
  const publicKeyPath = `${keyPath}.pub`;
  return { server, ec2, folder, publicKeyPath, inventory: () => inventory(ec2, imageId) };
}

/** Runs a program of `tests/clients` that must succeed; its output. */
export async function runStory(
  { server, publicKeyPath }: Scene,
  [program, story, ...args]: readonly [program: string, story: string, ...string[]],
  { env, ...options }: ClientOptions = {},
): Promise<string> {
  const { accessKeyId, secretAccessKey } = await credentialsOf(server);
  const keys = { KEY: accessKeyId, SECRET: secretAccessKey, PUBLIC_KEY: publicKeyPath };
  return await outputOf(server, [program, join(stories, story), ...args], {
    ...options,
    env: { ENDPOINT: server.url, ...keys, ...env },
  });
}
