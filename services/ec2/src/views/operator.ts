import type { Ec2Output } from '@bakehouse/aws-model';

type OperatorView = Ec2Output<'CreateVolume'>['Operator'];

/** No service manages resources for an account here. EC2 shows this for each kind of resource that a service could manage. */
export const unmanaged = { Managed: false } as const satisfies OperatorView;
