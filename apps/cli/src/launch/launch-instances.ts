import { randomUUID } from 'node:crypto';
import type { _InstanceType, EC2Client } from '@aws-sdk/client-ec2';
import { loadSdk } from '../client/ec2.ts';
import { type InstanceRow, instanceRow } from '../client/instances.ts';

export interface LaunchRequest {
  readonly imageId: string;
  readonly type: string;
  readonly count: number;
  readonly keyName: string;
  readonly groupId: string;
  /** The Name tag; none when empty. */
  readonly name: string;
  readonly userData?: Uint8Array;
}

/** Asks for the instances; a request that was lost on its way is repeated without launching twice. */
export async function launchInstances(
  client: EC2Client,
  request: LaunchRequest,
  signal: AbortSignal,
): Promise<readonly InstanceRow[]> {
  const { RunInstancesCommand } = await loadSdk();
  const { imageId, type, count, keyName, groupId, name, userData } = request;
  const Tags = [{ Key: 'Name', Value: name }];
  const command = new RunInstancesCommand({
    ImageId: imageId,
    // The SDK's list of types is the one of its release; the server decides.
    InstanceType: type as _InstanceType,
    MinCount: count,
    MaxCount: count,
    KeyName: keyName,
    SecurityGroupIds: [groupId],
    ClientToken: randomUUID(),
    ...(name ? { TagSpecifications: [{ ResourceType: 'instance', Tags }] } : {}),
    ...(userData ? { UserData: Buffer.from(userData).toString('base64') } : {}),
  });
  const { Instances = [] } = await client.send(command, { abortSignal: signal });
  return Instances.map(instanceRow);
}
