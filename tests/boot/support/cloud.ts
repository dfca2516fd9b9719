import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateKeyPairCommand,
  CreateSecurityGroupCommand,
  DeleteKeyPairCommand,
  DeleteSecurityGroupCommand,
  DescribeInstancesCommand,
  type EC2Client,
  type Instance,
  type IpPermission,
  RunInstancesCommand,
  type RunInstancesCommandInput,
  TerminateInstancesCommand,
  waitUntilInstanceRunning,
  waitUntilInstanceTerminated,
} from '@aws-sdk/client-ec2';
import { ec2ClientOf } from './ec2-client.ts';
import type { Guest } from './guest.ts';
import type { Platform } from './platform.ts';
import { until } from './wait.ts';

/** From where the host reaches guests. */
export const fromHost = '127.0.0.1/32';
export const sshFromHost: IpPermission = {
  IpProtocol: 'tcp',
  FromPort: 22,
  ToPort: 22,
  IpRanges: [{ CidrIp: fromHost }],
};

/** Guests take their time; to ask once a second is enough, and no fixed wait is. */
export const patience = (client: EC2Client) => ({
  client,
  maxWaitTime: 600,
  minDelay: 1,
  maxDelay: 2,
});

export interface Machine extends Guest {
  readonly instanceId: string;
}

/** A key pair and what is made with it; `end` removes all of it, in whatever state the tests left it. */
export interface Cloud {
  readonly ec2: EC2Client;
  readonly keyName: string;
  readonly keyPath: string;
  group(name: string, ...permissions: IpPermission[]): Promise<string>;
  /** Resolves when the instance is `running`; the guest is still booting then. */
  launch(request: Partial<RunInstancesCommandInput>): Promise<Machine>;
  describe(instanceId: string): Promise<Instance>;
  terminate(...instanceIds: string[]): Promise<void>;
  end(): Promise<void>;
}

async function describeInstance(ec2: EC2Client, instanceId: string): Promise<Instance> {
  const request = new DescribeInstancesCommand({ InstanceIds: [instanceId] });
  const { Reservations } = await ec2.send(request);
  const instance = Reservations?.[0]?.Instances?.[0];
  if (!instance) throw new Error(`${instanceId} is not described`);
  return instance;
}

async function terminateInstances(ec2: EC2Client, InstanceIds: string[]): Promise<void> {
  if (InstanceIds.length === 0) return;
  await ec2.send(new TerminateInstancesCommand({ InstanceIds }));
  await waitUntilInstanceTerminated(patience(ec2), { InstanceIds });
}

/** The name distinguishes the resources of one test file from another's. */
export async function openCloud(platform: Platform, name: string): Promise<Cloud> {
  const ec2 = ec2ClientOf(platform);
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-boot-key-'));
  const keyPath = join(folder, 'key');
  const keyName = `${name}-${Date.now()}`;
  const request = new CreateKeyPairCommand({ KeyName: keyName, KeyType: 'ed25519' });
  const { KeyMaterial = '' } = await ec2.send(request);
  await writeFile(keyPath, KeyMaterial, { mode: 0o600 });
  const launched: string[] = [];
  const groups: string[] = [];

  const running = async (instanceId: string): Promise<Machine> => {
    await waitUntilInstanceRunning(patience(ec2), { InstanceIds: [instanceId] });
    const { PublicIpAddress = '' } = await describeInstance(ec2, instanceId);
    return { instanceId, keyPath, address: PublicIpAddress };
  };

  return {
    ec2,
    keyName,
    keyPath,
    describe: (instanceId) => describeInstance(ec2, instanceId),
    terminate: (...instanceIds) => terminateInstances(ec2, instanceIds),
    async group(groupName, ...permissions) {
      const made = await ec2.send(
        new CreateSecurityGroupCommand({ GroupName: `${keyName}-${groupName}`, Description: name }),
      );
      const GroupId = made.GroupId ?? '';
      groups.push(GroupId);
      if (permissions.length > 0) {
        await ec2.send(
          new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: permissions }),
        );
      }
      return GroupId;
    },
    async launch(changes) {
      const { Instances } = await ec2.send(
        new RunInstancesCommand({
          ImageId: platform.imageId,
          InstanceType: 't3.micro',
          KeyName: keyName,
          MinCount: 1,
          MaxCount: 1,
          ...changes,
        }),
      );
      const instanceId = Instances?.[0]?.InstanceId ?? '';
      launched.push(instanceId);
      return await running(instanceId);
    },
    async end() {
      await terminateInstances(ec2, launched);
      for (const GroupId of groups.toReversed()) {
        await until(`security group ${GroupId} deleted`, async () => {
          await ec2.send(new DeleteSecurityGroupCommand({ GroupId }));
          return true;
        });
      }
      await ec2.send(new DeleteKeyPairCommand({ KeyName: keyName }));
      await rm(folder, { recursive: true });
    },
  };
}
