import { apiError } from '@bakehouse/domain';

/** EC2's largest quota of "Security groups per network interface". */
export const groupsPerInterfaceMax = 16;

/** Refuses more groups than an interface can have. */
export function checkGroupCount(groups: { readonly length: number }): void {
  if (groups.length <= groupsPerInterfaceMax) return;
  throw apiError('SecurityGroupsPerInterfaceLimitExceeded', {
    message: `The maximum number of security groups per interface, ${groupsPerInterfaceMax}, has been reached.`,
  });
}
