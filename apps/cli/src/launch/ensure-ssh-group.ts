import type { EC2Client } from '@aws-sdk/client-ec2';
import { awsErrorCode, loadSdk } from '../client/ec2.ts';

/** The security group that `run` and `up` use: ssh from anywhere, which on loopback is this machine. */
export const sshGroupName = 'bakehouse-ssh';

/** The group's id in the default VPC; made, and its rule put back, where missing. */
export async function ensureSshGroup(client: EC2Client, signal: AbortSignal): Promise<string> {
  const sdk = await loadSdk();
  const options = { abortSignal: signal };
  const find = async () => {
    const Filters = [{ Name: 'group-name', Values: [sshGroupName] }];
    const request = new sdk.DescribeSecurityGroupsCommand({ Filters });
    const { SecurityGroups = [] } = await client.send(request, options);
    return SecurityGroups[0]?.GroupId;
  };
  const make = async () => {
    const request = { GroupName: sshGroupName, Description: 'ssh, made by bakehouse' };
    const made = await client.send(new sdk.CreateSecurityGroupCommand(request), options);
    return made.GroupId ?? '';
  };
  const groupId = (await find()) ?? (await make());
  const rule = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
  const request = { GroupId: groupId, IpPermissions: [rule] };
  await client
    .send(new sdk.AuthorizeSecurityGroupIngressCommand(request), options)
    .catch((error: unknown) => {
      if (awsErrorCode(error) !== 'InvalidPermission.Duplicate') throw error;
    });
  return groupId;
}
