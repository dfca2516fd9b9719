import {
  apiError,
  checkAttachments,
  chooseFastLaunch,
  ephemeralDisksOf,
  type ImageId,
  type KeyPair,
  type LaunchFacts,
  type LaunchShape,
  type MetadataReader,
  mappedAttachments,
  mappedStores,
} from '@bakehouse/domain';
import { type OperationContext, simulatedReason } from '@bakehouse/orchestration';
import { findKeyPairByName } from '../lookup/key-pairs.ts';
import { refuseUnserved } from '../request/refusals.ts';
import { tagsFor } from '../request/tags.ts';
import { mergeMappings, resolveDevices } from './block-devices.ts';
import { cpuOptionsOf } from './cpu-options.ts';
import {
  checkEbsOptimized,
  checkUserData,
  launchCredits,
  shutdownBehavior,
} from './instance-options.ts';
import { launchDefaults } from './launch-defaults.ts';
import { launchImage } from './launch-image.ts';
import type { LaunchParameters, MergedLaunch } from './launch-parameters.ts';
import { launchType, refuseUnrunnable } from './launch-type.ts';
import {
  changeMetadataOptions,
  checkMetadataKeys,
  defaultMetadataOptions,
} from './metadata-options.ts';
import { networkRequest } from './network-request.ts';
import { placementFor } from './placement.ts';

/** EC2's own default, since 2006. */
export const defaultInstanceType = 'm1.small';

const taggable = ['instance', 'volume', 'network-interface'] as const;

/** Parameters that need what this platform does not have. */
const unserved = [
  'AdditionalInfo',
  'CapacityReservationSpecification',
  'ElasticGpuSpecification',
  'ElasticInferenceAccelerators',
  'EnablePrimaryIpv6',
  'EnclaveOptions',
  'HibernationOptions',
  'IamInstanceProfile',
  'InstanceMarketOptions',
  'Ipv6AddressCount',
  'Ipv6Addresses',
  'KernelId',
  'LicenseSpecifications',
  'NetworkPerformanceOptions',
  'Operator',
  'PrivateDnsNameOptions',
  'RamdiskId',
  'SecondaryInterfaces',
] as const satisfies readonly (keyof LaunchParameters)[];

async function keyPairFor(
  reader: MetadataReader,
  context: OperationContext,
  name: string | undefined,
): Promise<KeyPair | undefined> {
  if (!name) return undefined;
  const found = await findKeyPairByName(reader, context, name);
  if (!found) throw apiError('InvalidKeyPair.NotFound', { name });
  return found;
}

function refusePlacement(request: LaunchParameters): void {
  const {
    AvailabilityZone: _,
    AvailabilityZoneId: __,
    Tenancy: tenancy,
    ...rest
  } = request.Placement ?? {};
  const others = Object.entries(rest).filter(([, value]) => value !== undefined && value !== '');
  const unusual = tenancy !== undefined && tenancy !== 'default' ? 'Tenancy' : others[0]?.[0];
  if (!unusual) return;
  throw apiError('UnsupportedOperation', { parameter: `Placement.${unusual}` });
}

function recoveryOf({
  MaintenanceOptions: options,
}: LaunchParameters): Pick<LaunchFacts, 'autoRecovery'> {
  const { AutoRecovery: recovery = 'default' } = options ?? {};
  if (recovery === 'default') return {};
  if (recovery === 'disabled') return { autoRecovery: recovery };
  throw apiError('InvalidParameterValue', { parameter: 'AutoRecovery', value: recovery });
}

function refuseParameters(request: LaunchParameters): void {
  refuseUnserved(request, unserved, launchDefaults);
  refusePlacement(request);
  const { MetricCategoryIds } = request.Monitoring ?? {};
  refuseUnserved({ MetricCategoryIds }, ['MetricCategoryIds']);
}

/** Nothing for an image without fast launch. */
async function fastLaunchOf(
  reader: MetadataReader,
  imageId: ImageId,
  shape: LaunchShape,
): Promise<Pick<LaunchFacts, 'fastLaunch'>> {
  const record = await reader.get('fastLaunch', imageId);
  return record ? { fastLaunch: chooseFastLaunch(record, shape) } : {};
}

/** Looks up and checks everything that a launch request names. */
export async function launchFacts(
  reader: MetadataReader,
  context: OperationContext,
  { parameters: request, templateTags }: MergedLaunch,
): Promise<LaunchFacts> {
  refuseParameters(request);
  const { accountId, region, now, ids } = context;
  const image = await launchImage(reader, context, request.ImageId);
  const type = launchType(request.InstanceType ?? defaultInstanceType, image);
  refuseUnrunnable(image, type, context.settings);
  const cpuOptions = cpuOptionsOf(type, request.CpuOptions ?? {});
  const network = { request: networkRequest(region, request), count: request.MaxCount, type };
  const placement = await placementFor(reader, context, network);
  const mappings = mergeMappings(image, request.BlockDeviceMappings ?? []);
  const ephemeralDisks = ephemeralDisksOf(type, mappedStores(mappings));
  checkAttachments(`An instance of this launch`, {
    ...mappedAttachments(mappings, ephemeralDisks),
    interfaces: placement.interfaces.length,
  });
  const devices = await resolveDevices(reader, { accountId, region, image }, mappings);
  const keyPair = await keyPairFor(reader, context, request.KeyName);
  const userDataBase64 = checkUserData(request.UserData);
  const specifications = request.TagSpecifications;
  const options = defaultMetadataOptions(image);
  const metadataOptions = changeMetadataOptions(options, request.MetadataOptions ?? {});
  const tags = { ...tagsFor('instance', specifications, taggable), ...templateTags };
  checkMetadataKeys({ tags, metadataOptions });
  return {
    accountId,
    region,
    hostId: context.settings.hostId,
    now,
    reservationId: ids.resource('r'),
    image,
    type,
    placement,
    devices,
    ...(keyPair ? { keyPair } : {}),
    metadataOptions,
    ...(userDataBase64 ? { userDataBase64 } : {}),
    shutdownBehavior: shutdownBehavior(request.InstanceInitiatedShutdownBehavior),
    disableApiTermination: request.DisableApiTermination ?? false,
    disableApiStop: request.DisableApiStop ?? false,
    ebsOptimized: checkEbsOptimized(type, request.EbsOptimized ?? false),
    ephemeralDisks,
    ...simulatedReason(context.settings),
    monitoring: request.Monitoring?.Enabled ? 'enabled' : 'disabled',
    ...recoveryOf(request),
    ...(cpuOptions ? { cpuOptions } : {}),
    ...launchCredits(type, request.CreditSpecification?.CpuCredits),
    ...(request.ClientToken ? { clientToken: request.ClientToken } : {}),
    ...(await fastLaunchOf(reader, image.id, {
      accountId,
      hostId: context.settings.hostId,
      instanceType: type.name,
      interfaces: placement.interfaces.length,
      httpEndpoint: metadataOptions.httpEndpoint,
      devices,
      ephemeralDisks,
      ...(cpuOptions ? { cpuOptions } : {}),
    })),
    tags: {
      instance: tags,
      volume: tagsFor('volume', specifications, taggable),
      networkInterface: tagsFor('network-interface', specifications, taggable),
    },
  };
}
