import type { OperationTable } from '../../operation.ts';
import { allocateAddress } from './allocate-address.ts';
import { associateAddress } from './associate-address.ts';
import { describeAddresses } from './describe-addresses.ts';
import { disassociateAddress } from './disassociate-address.ts';
import { releaseAddress } from './release-address.ts';

export const addressOperations = {
  AllocateAddress: allocateAddress,
  AssociateAddress: associateAddress,
  DescribeAddresses: describeAddresses,
  DisassociateAddress: disassociateAddress,
  ReleaseAddress: releaseAddress,
} satisfies OperationTable;
