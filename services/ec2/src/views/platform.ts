import type { Ec2Output } from '@bakehouse/aws-model';
import type { Instance } from '@bakehouse/domain';

type ImageView = NonNullable<Ec2Output<'DescribeImages'>['Images']>[number];

/** EC2 returns `windows`, although the model's enumeration has `Windows`. */
export const windows = 'windows' as string as NonNullable<ImageView['Platform']>;

/** Instances keep no platform of their own; their details say it ("Windows with SQL Server Standard"). */
export const isWindows = ({ platformDetails }: Pick<Instance, 'platformDetails'>): boolean =>
  platformDetails.startsWith('Windows');

/** Licences by platform details, from "AMI billing information fields" of the EC2 user guide. */
const licences: Readonly<Record<string, string>> = {
  'Red Hat BYOL Linux': '00g0',
  'Red Hat Enterprise Linux': '0010',
  'Red Hat Enterprise Linux with HA': '1010',
  'Red Hat Enterprise Linux with SQL Server Enterprise': '0110',
  'Red Hat Enterprise Linux with SQL Server Enterprise and HA': '1110',
  'Red Hat Enterprise Linux with SQL Server Standard': '0014',
  'Red Hat Enterprise Linux with SQL Server Standard and HA': '1014',
  'Red Hat Enterprise Linux with SQL Server Web': '0210',
  'SQL Server Enterprise': '0100',
  'SQL Server Standard': '0004',
  'SQL Server Web': '0200',
  'SUSE Linux': '000g',
  'Ubuntu Pro': '0g00',
  Windows: '0002',
  'Windows BYOL': '0800',
  'Windows with SQL Server Enterprise': '0102',
  'Windows with SQL Server Standard': '0006',
  'Windows with SQL Server Web': '0202',
};

/** What launches are charged as: `RunInstances`, with the code of a licence where the platform has one. */
export function usageOperation({ platformDetails }: Pick<Instance, 'platformDetails'>): string {
  const licence = licences[platformDetails];
  return licence === undefined ? 'RunInstances' : `RunInstances:${licence}`;
}
