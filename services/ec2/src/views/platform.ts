import type { Ec2Output } from '@bakehouse/aws-model';
import type { Instance } from '@bakehouse/domain';

type ImageView = NonNullable<Ec2Output<'DescribeImages'>['Images']>[number];

/** EC2 returns `windows`, although the model's enumeration has `Windows`. */
export const windows = 'windows' as string as NonNullable<ImageView['Platform']>;

/** Instances keep no platform of their own; their details say it ("Windows with SQL Server Standard"). */
export const isWindows = ({ platformDetails }: Pick<Instance, 'platformDetails'>): boolean =>
  platformDetails.startsWith('Windows');
