import { type Absent, type ErrorSpec, malformed, missing, type Words } from './wordings.ts';

/** The errors of interfaces' attachments and addresses, Elastic IP addresses, NAT gateways and prefix lists. */
export const interfaceErrors = {
  'InvalidNetworkInterface.InUse': {
    status: 400,
    message: (d: { id: string }) => `Interface: [${d.id}] in use.`,
  },
  PrivateIpAddressLimitExceeded: {
    status: 400,
    message: (_: object) => 'Number of private addresses will exceed limit.',
  },
  'InvalidIPAddress.InUse': {
    status: 400,
    message: (d: { address: string }) => `Address ${d.address} is in use.`,
  },
  AddressLimitExceeded: {
    status: 400,
    message: (_: object) => 'The maximum number of addresses has been reached.',
  },
  'InvalidAddress.NotFound': {
    status: 400,
    message: (d: { address: string } | Words) =>
      'message' in d ? d.message : `Address '${d.address}' not found.`,
  },
  'InvalidAllocationID.NotFound': missing('allocation ID'),
  'InvalidAllocationID.Malformed': malformed('eipalloc'),
  'InvalidElasticIpID.NotFound': missing('elasticIp ID'),
  NatGatewayMalformed: malformed('nat'),
  NatGatewayNotFound: {
    status: 400,
    message: (d: Absent) => `NatGateway ${'id' in d ? d.id : d.ids.join(', ')} was not found`,
  },
  'InvalidPrefixListID.NotFound': missing('prefix list ID'),
  'InvalidPrefixListId.Malformed': malformed('pl'),
  PrefixListMaxEntriesExceeded: {
    status: 400,
    message: (d: { id: string; count: number; max: number }) =>
      `The prefix list '${d.id}' would have ${d.count} entries; it can have ${d.max}. Raise MaxEntries first`,
  },
  PrefixListVersionMismatch: {
    status: 400,
    message: (_: object) => 'The prefix list has the incorrect version number.',
  },
} satisfies Record<string, ErrorSpec>;
