import {
  DescribeImagesCommand,
  type EC2Client,
  TerminateInstancesCommand,
  waitUntilInstanceTerminated,
} from '@aws-sdk/client-ec2';
import { type AdminClient, adminClient, followBake } from '@bakehouse/aws-wire';
import { takePublicRange } from '@bakehouse/testkit';
import { clientOf } from './api-throughput.ts';
import { bakedFolder, endPlatform, notePlatform } from './scratch-folder.ts';
import { type ServerProcess, startServer } from './server-process.ts';

/** A platform with real guests and a baked image. Nothing of it is left on the host when it is disposed. */
export interface GuestPlatform extends AsyncDisposable {
  readonly client: EC2Client;
  readonly admin: AdminClient;
  readonly imageId: string;
  readonly dataDirectory: string;
  /** SIGTERM: guests and helpers go on. */
  stopServer(): Promise<void>;
  startServer(): Promise<void>;
  terminate(instanceId: string): Promise<void>;
}

const optionsOf = ({ endpoint, accessKeyId, secretAccessKey }: ServerProcess) => ({
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId, secretAccessKey },
});

async function bakedImage(server: ServerProcess, client: EC2Client): Promise<string> {
  const find = async () => {
    const { Images = [] } = await client.send(new DescribeImagesCommand({ Owners: ['amazon'] }));
    return Images[0]?.ImageId;
  };
  const options = optionsOf(server);
  const there = await find();
  if (there) return there;
  const { bakeId } = await adminClient(options).call('BakeStart', {});
  const { failure } = await followBake(options, { bakeId });
  if (failure) throw new Error(`the bake failed: ${failure.message}`);
  const baked = await find();
  if (!baked) throw new Error('the bake registered no image');
  return baked;
}

export async function startGuestPlatform(): Promise<GuestPlatform> {
  const dataDirectory = await bakedFolder();
  const args = ['--public-cidr', (await takePublicRange()).cidr];
  notePlatform(dataDirectory);
  let server: ServerProcess | undefined = await startServer(args, dataDirectory).catch(
    async (error: unknown) => {
      await endPlatform(dataDirectory).catch(() => {});
      throw error;
    },
  );
  const listen = new URL(server.endpoint).host;
  const stop = async () => {
    await server?.[Symbol.asyncDispose]();
    server = undefined;
  };
  const end = async () => {
    await stop();
    await endPlatform(dataDirectory);
  };
  const client = clientOf(server);
  const admin = adminClient(optionsOf(server));
  const imageId = await bakedImage(server, client).catch(async (error: unknown) => {
    await end();
    throw error;
  });
  return {
    ...{ client, admin, imageId, dataDirectory },
    stopServer: stop,
    async startServer() {
      server ??= await startServer([...args, '--listen', listen], dataDirectory);
    },
    async terminate(instanceId) {
      const InstanceIds = [instanceId];
      await client.send(new TerminateInstancesCommand({ InstanceIds }));
      const patience = { client, maxWaitTime: 120, minDelay: 1, maxDelay: 1 };
      await waitUntilInstanceTerminated(patience, { InstanceIds });
    },
    [Symbol.asyncDispose]: end,
  };
}
