import { invariant } from '@bakehouse/base';
import type { MetadataReader, NetworkAcl } from '@bakehouse/domain';

/** Every VPC has one as long as it exists. */
export async function defaultAclOf(reader: MetadataReader, vpcId: string): Promise<NetworkAcl> {
  const acls = await reader.list('networkAcl', { where: { vpc: [vpcId] } });
  const acl = acls.find(({ isDefault }) => isDefault);
  invariant(acl, `VPC ${vpcId} has a default network ACL`);
  return acl;
}
