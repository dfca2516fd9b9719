import type { Vpc } from '../records/network.ts';

/** All ranges of a VPC, the primary first. */
export const vpcCidrs = ({ cidr, secondaryCidrs = [] }: Vpc): readonly string[] => [
  cidr,
  ...secondaryCidrs.map((secondary) => secondary.cidr),
];
