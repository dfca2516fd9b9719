import { apiError, type KeyPair, type MetadataReader } from '@bakehouse/domain';
import type { OperationContext } from '../context.ts';
import { refuseUnserved } from '../refuse-unserved.ts';
import { tagsFor } from '../tag-specification.ts';
import { checkAttachments, mappedAttachments } from './attachments.ts';
import { mergeMappings, resolveDevices } from './block-devices.ts';
import { launchCredits } from './cpu-credits.ts';
import { checkEbsOptimized } from './ebs-optimized.ts';
import { ephemeralDisksOf, mappedStores } from './ephemeral-disks.ts';
import { launchImage, launchType, refuseUnbootable } from './launch-image.ts';
import type { LaunchParameters, LaunchRequest } from './launch-parameters.ts';
import { changeMetadataOptions, defaultMetadataOptions } from './metadata-options.ts';
import { checkMetadataKeys } from './metadata-tag-keys.ts';
import { networkRequest, placementFor } from './placement.ts';
import type { LaunchFacts } from './plan-launch.ts';
import { shutdownBehavior } from './shutdown-behavior.ts';
import { simulatedReason } from './simulated-reason.ts';
import { checkUserData } from './user-data.ts';

/** EC2's own default, of 2006. */
export const defaultInstanceType = 'm1.small';

const taggable = ['instance', 'volume', 'network-interface'] as const;

/** Parameters that would need what this platform does not have. */
const unserved = [
  'AdditionalInfo',
  'CapacityReservationSpecification',
  'CpuOptions',
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
  { accountId, region }: OperationContext,
  name: string | undefined,
): Promise<KeyPair | undefined> {
  if (!name) return undefined;
  const [found] = await reader.list('keyPair', {
    region,
    where: { owner: [accountId], name: [name] },
  });
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
  throw apiError('UnsupportedOperation', {
    message: `The parameter Placement.${unusual} is not supported on this platform`,
  });
}

function recoveryOf({
  MaintenanceOptions: options,
}: LaunchParameters): Pick<LaunchFacts, 'autoRecovery'> {
  const { AutoRecovery: recovery = 'default' } = options ?? {};
  if (recovery === 'default') return {};
  if (recovery === 'disabled') return { autoRecovery: recovery };
  throw apiError('InvalidParameterValue', {
    message: `Value (${recovery}) for parameter AutoRecovery is invalid.`,
  });
}

/** Looks up and checks everything that a launch names. */
export async function launchFacts(
  reader: MetadataReader,
  context: OperationContext,
  { parameters: request, templateTags }: LaunchRequest,
): Promise<LaunchFacts> {
  refuseUnserved(request, unserved);
  refusePlacement(request);
  const { accountId, region, now, ids } = context;
  const image = await launchImage(reader, context, request.ImageId);
  const type = launchType(request.InstanceType ?? defaultInstanceType, image);
  refuseUnbootable(image, context.settings);
  const network = { request: networkRequest(request), count: request.MaxCount };
  const placement = await placementFor(reader, context, network);
  const mappings = mergeMappings(image, request.BlockDeviceMappings ?? []);
  const ephemeralDisks = ephemeralDisksOf(type, mappedStores(mappings));
  checkAttachments(`An instance of this launch`, mappedAttachments(mappings, ephemeralDisks));
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
    ...launchCredits(type, request.CreditSpecification?.CpuCredits),
    ...(request.ClientToken ? { clientToken: request.ClientToken } : {}),
    tags: {
      instance: tags,
      volume: tagsFor('volume', specifications, taggable),
      networkInterface: tagsFor('network-interface', specifications, taggable),
    },
  };
}
