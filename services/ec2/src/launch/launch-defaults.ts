import type { Ec2Output } from '@bakehouse/aws-model';

type Reservation = NonNullable<Ec2Output<'DescribeInstances'>['Reservations']>[number];
type InstanceView = NonNullable<Reservation['Instances']>[number];

/**
 * What EC2 shows of an instance whose launch does not set these. Other values are refused, except those of
 * AutoRecovery.
 */
export const shownDefaults = {
  CapacityReservationSpecification: { CapacityReservationPreference: 'open' },
  EnclaveOptions: { Enabled: false },
  HibernationOptions: { Configured: false },
  MaintenanceOptions: { AutoRecovery: 'default', RebootMigration: 'default' },
  NetworkPerformanceOptions: { BandwidthWeighting: 'default' },
  PrivateDnsNameOptions: {
    HostnameType: 'ip-name',
    EnableResourceNameDnsARecord: false,
    EnableResourceNameDnsAAAARecord: false,
  },
} satisfies InstanceView;

/** Values of a launch or launch template that ask for nothing, so that what is shown can be requested. */
export const launchDefaults = { ...shownDefaults, Ipv6AddressCount: 0 };

/** Values of a network interface that ask for nothing: every instance has card 0. */
export const interfaceDefaults = {
  Ipv4PrefixCount: 0,
  Ipv6AddressCount: 0,
  Ipv6PrefixCount: 0,
  NetworkCardIndex: 0,
};
