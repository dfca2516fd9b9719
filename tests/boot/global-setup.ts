import { mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeImagesCommand } from '@aws-sdk/client-ec2';
import type { WorkProgress } from '@bakehouse/admin-api';
import { adminClient, followBake } from '@bakehouse/aws-wire';
import { takePublicRange } from '@bakehouse/testkit';
import type { TestProject } from 'vitest/node';
import { ec2ClientOf } from './support/ec2-client.ts';
import { endPlatform } from './support/end-platform.ts';
import type { Platform } from './support/platform.ts';
import { startServer } from './support/server-process.ts';

const region = 'us-east-1';

function say(text: string): void {
  process.stdout.write(`boot tests: ${text}\n`);
}

/** With BAKEHOUSE_TEST_DATA=DIR a folder of an earlier run is used again: baking takes minutes. */
async function dataFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const kept = process.env.BAKEHOUSE_TEST_DATA;
  if (kept) {
    await mkdir(kept, { recursive: true, mode: 0o700 });
    return { path: await realpath(kept), remove: async () => {} };
  }
  const path = await realpath(await mkdtemp(join(tmpdir(), 'bakehouse-boot-')));
  return { path, remove: () => rm(path, { recursive: true }) };
}

async function readCredentials(dataDirectory: string) {
  const text = await readFile(join(dataDirectory, 'credentials'), 'utf8');
  const value = (name: string) => new RegExp(`^${name} = (.+)$`, 'm').exec(text)?.[1] ?? '';
  return {
    accessKeyId: value('aws_access_key_id'),
    secretAccessKey: value('aws_secret_access_key'),
  };
}

async function findImage(platform: Omit<Platform, 'imageId'>): Promise<string | undefined> {
  const Filters = [{ Name: 'name', Values: ['bakehouse-linux-*'] }];
  const request = new DescribeImagesCommand({ Owners: ['amazon'], Filters });
  const { Images = [] } = await ec2ClientOf(platform).send(request);
  return Images[0]?.ImageId;
}

async function bake({ endpoint, accessKeyId, secretAccessKey }: Omit<Platform, 'imageId'>) {
  const options = { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
  const { bakeId } = await adminClient(options).call('BakeStart', {});
  let lastStage = '';
  const onProgress = ({ stage }: WorkProgress) => {
    if (stage !== lastStage) say(`bake: ${stage}`);
    lastStage = stage;
  };
  const { failure } = await followBake(options, { bakeId }, { onProgress });
  if (failure) throw new Error(`the bake failed: ${failure.message}`);
}

let teardownOfPlatform = async () => {};

/** One real platform with one baked image for all boot tests. */
export async function setup(project: TestProject): Promise<void> {
  const data = await dataFolder();
  const { cidr: publicCidr } = await takePublicRange();
  const server = await startServer(data.path, publicCidr);
  say(`a platform on ${server.endpoint}, data in ${data.path}, log in ${server.log}`);
  const { endpoint, log: serverLog } = server;
  const credentials = await readCredentials(data.path);
  const base = { endpoint, dataDirectory: data.path, region, ...credentials, serverLog };
  teardownOfPlatform = async () => {
    await endPlatform(ec2ClientOf(base), server, { dataDirectory: data.path, publicCidr });
    await data.remove();
  };
  try {
    let imageId = await findImage(base);
    if (imageId === undefined) {
      await bake(base);
      imageId = await findImage(base);
    }
    if (imageId === undefined) throw new Error('the bake registered no image');
    project.provide('platform', { ...base, imageId });
  } catch (error) {
    await teardownOfPlatform();
    throw error;
  }
}

export async function teardown(): Promise<void> {
  await teardownOfPlatform();
  say('nothing is left on the host');
}
