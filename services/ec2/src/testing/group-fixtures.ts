import type { TestContext } from './test-context.ts';

/** A new group of the default VPC, by its id. */
export async function newGroup({ call }: TestContext, name = 'web'): Promise<string> {
  const request = { GroupName: name, Description: 'a group' };
  return (await call('CreateSecurityGroup', request)).GroupId ?? '';
}

export async function groupOf({ call }: TestContext, GroupId: string) {
  const { SecurityGroups } = await call('DescribeSecurityGroups', { GroupIds: [GroupId] });
  return SecurityGroups?.[0];
}

export async function launchIn(context: TestContext, GroupId: string) {
  const { id: ImageId } = await context.addImage();
  const { Instances } = await context.call('RunInstances', {
    ImageId,
    MinCount: 1,
    MaxCount: 1,
    InstanceType: 't3.micro',
    SecurityGroupIds: [GroupId],
  });
  await context.settle();
  return Instances?.[0];
}

/** A permission for one TCP port or range, by default from anywhere. */
export const tcp = (FromPort: number, ToPort = FromPort, CidrIp = '0.0.0.0/0') => ({
  IpProtocol: 'tcp',
  FromPort,
  ToPort,
  IpRanges: [{ CidrIp }],
});
