import type { Ec2Input } from '@bakehouse/aws-model';
import { apiError, type LaunchTemplateVersion } from '@bakehouse/domain';
import { checkDeviceNames } from '../../launch/block-devices.ts';
import { refuseProcessorFeatures } from '../../launch/cpu-options.ts';
import { checkUserData, cpuCredits } from '../../launch/instance-options.ts';
import { launchDefaults } from '../../launch/launch-defaults.ts';
import { refuseSharedPlaces } from '../../launch/launch-parameters.ts';
import { refuseUnserved } from '../../request/refusals.ts';
import { checkTemplateTags } from '../../request/tags.ts';
import { findWord } from '../../request/text.ts';

export type TemplateData = Ec2Input<'CreateLaunchTemplate'>['LaunchTemplateData'];

/** What a launch from the template would refuse is refused here, where the template is written. */
const unserved = [
  'CapacityReservationSpecification',
  'ElasticGpuSpecifications',
  'ElasticInferenceAccelerators',
  'EnclaveOptions',
  'HibernationOptions',
  'IamInstanceProfile',
  'InstanceMarketOptions',
  'InstanceRequirements',
  'KernelId',
  'LicenseSpecifications',
  'NetworkPerformanceOptions',
  'Operator',
  'PrivateDnsNameOptions',
  'RamDiskId',
  'SecondaryInterfaces',
] as const satisfies readonly (keyof TemplateData)[];

/** Members without a value are left out, however deep: what is stored is what was said. */
function said(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(said);
  if (value === null || typeof value !== 'object') return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([name, member]) => [name, said(member)]));
}

/** The word in its own spelling, or what was given: EC2 leaves the refusal of other words to the launch. */
const spelled = (text: string, words: readonly string[]) => findWord(text, words) ?? text;

/** The words for which the model has no enum, as a launch reads them: a version is described with them. */
function withOwnSpelling(data: TemplateData): TemplateData {
  const { CreditSpecification: credit, NetworkInterfaces: nics } = data;
  return {
    ...data,
    ...(credit?.CpuCredits !== undefined && {
      CreditSpecification: { CpuCredits: spelled(credit.CpuCredits, cpuCredits) },
    }),
    ...(nics && {
      NetworkInterfaces: nics.map(({ InterfaceType: type, ...nic }) => ({
        ...nic,
        ...(type === undefined ? {} : { InterfaceType: spelled(type, ['interface']) }),
      })),
    }),
  };
}

/** The data as it is kept. EC2 checks little before a launch: what it names need not exist. */
export function templateData(data: TemplateData): LaunchTemplateVersion['data'] {
  refuseUnserved(data, unserved, launchDefaults);
  refuseProcessorFeatures(data.CpuOptions ?? {});
  checkUserData(data.UserData);
  checkDeviceNames(data.BlockDeviceMappings ?? []);
  refuseSharedPlaces(data.NetworkInterfaces ?? []);
  checkTemplateTags(data.TagSpecifications);
  if (
    data.NetworkInterfaces?.length &&
    (data.SecurityGroupIds?.length || data.SecurityGroups?.length)
  ) {
    throw apiError('InvalidParameterCombination', {
      message: 'Security groups must be specified at the network interface, where there is one',
    });
  }
  const stored = said(withOwnSpelling(data)) as LaunchTemplateVersion['data'];
  if (Object.keys(stored).length > 0) return stored;
  throw apiError('MissingParameter', {
    parameter: 'LaunchTemplateData',
  });
}
