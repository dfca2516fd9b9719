import {
  apiError,
  type BlockDeviceMapping,
  checkAttachments,
  type Image,
  type MetadataReader,
  mappedAttachments,
  planImage,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import {
  mergeMappings,
  refuseInitializationRate,
  resolveDevices,
} from '../../launch/block-devices.ts';
import type { Operation } from '../../operation.ts';
import { refuseUnserved } from '../../request/refusals.ts';
import { tagsFor } from '../../request/tags.ts';
import { checkDescription, oneOf } from '../../request/text.ts';
import { checkImageName } from './image-name.ts';

type Request = Parameters<Operation<'RegisterImage'>>[1];

/** Each needs what this platform does not have: manifests, kernel images, a TPM, NVRAM, a marketplace. */
const unserved = [
  'ImageLocation',
  'BillingProducts',
  'KernelId',
  'RamdiskId',
  'TpmSupport',
  'UefiData',
] as const satisfies readonly (keyof Request)[];

/** Guests boot through their disk's boot record; an image that needs UEFI could never start. */
function checkBootMode(context: OperationContext, text: string) {
  const bootMode = oneOf('bootMode', text, ['legacy-bios', 'uefi', 'uefi-preferred']);
  if (bootMode === 'uefi' && context.settings.compute === 'qemu') {
    throw apiError('UnsupportedOperation', {
      message:
        'The boot mode uefi is not supported on this platform; use legacy-bios or uefi-preferred',
    });
  }
  return bootMode;
}

/** A snapshot is encrypted or not; the mapping cannot say so again, whatever it says. */
function refuseEncryption(mappings: NonNullable<Request['BlockDeviceMappings']>): void {
  const given = mappings.find(({ Ebs: ebs }) => ebs?.SnapshotId && ebs.Encrypted !== undefined);
  if (!given) return;
  throw apiError('InvalidBlockDeviceMapping', {
    message: `the encrypted flag cannot be specified since device ${given.DeviceName} has a snapshot specified.`,
  });
}

async function registeredDevices(
  reader: MetadataReader,
  context: OperationContext,
  request: Request,
): Promise<{ rootDeviceName: string; blockDevices: readonly BlockDeviceMapping[] }> {
  const { RootDeviceName: rootDeviceName, BlockDeviceMappings: mappings = [] } = request;
  refuseEncryption(mappings);
  if (!rootDeviceName) throw apiError('MissingParameter', { parameter: 'rootDeviceName' });
  const merged = mergeMappings(
    { blockDevices: [], root: { deviceName: rootDeviceName } },
    mappings,
  );
  const root = merged.find((device) => device.deviceName === rootDeviceName);
  if (!root?.ebs?.snapshotId) {
    throw apiError('InvalidBlockDeviceMapping', {
      message: `The block device mapping must have the root device ${rootDeviceName} with a snapshot`,
    });
  }
  checkAttachments('An instance of this image', mappedAttachments(merged));
  const { accountId, region } = context;
  const resolved = await resolveDevices(reader, { accountId, region }, merged);
  // As in EC2: who may only use a snapshot makes a volume of it, snapshots that and registers the copy.
  for (const { snapshot } of resolved) {
    if (snapshot === undefined || snapshot.ownerId === accountId) continue;
    throw apiError('InvalidSnapshot.NotFound', { id: snapshot.id });
  }
  return { rootDeviceName, blockDevices: resolved.map((item) => item.device) };
}

/** The guest's traits, with EC2's defaults of 2008: i386, paravirtual. */
function registeredTraits(context: OperationContext, request: Request) {
  const { SriovNetSupport: sriov, ImdsSupport: imds, BootMode: bootMode } = request;
  return {
    architecture: oneOf('architecture', request.Architecture ?? 'i386', [
      'i386',
      'x86_64',
      'arm64',
    ]),
    virtualizationType: oneOf('virtualizationType', request.VirtualizationType ?? 'paravirtual', [
      'paravirtual',
      'hvm',
    ]),
    enaSupport: request.EnaSupport ?? false,
    ...(sriov ? { sriovNetSupport: oneOf('sriovNetSupport', sriov, ['simple']) } : {}),
    ...(imds ? { imdsSupport: oneOf('imdsSupport', imds, ['v2.0']) } : {}),
    ...(bootMode ? { bootMode: checkBootMode(context, bootMode) } : {}),
  } as const;
}

function checkTraits(traits: ReturnType<typeof registeredTraits>): void {
  if (traits.virtualizationType !== 'paravirtual') return;
  const only = [
    ...(traits.enaSupport ? ['EnaSupport'] : []),
    ...(traits.sriovNetSupport ? ['SriovNetSupport'] : []),
    ...(traits.bootMode ? ['BootMode'] : []),
    ...(traits.architecture === 'arm64' ? ['Architecture arm64'] : []),
  ];
  if (only.length === 0) return;
  throw apiError('InvalidParameterCombination', {
    message: `${only.join(', ')} needs the virtualization type hvm; this request has paravirtual, EC2's default`,
  });
}

async function planRegistered(
  reader: MetadataReader,
  context: OperationContext,
  request: Request,
): Promise<Image> {
  const name = await checkImageName(reader, context, request.Name);
  checkDescription(request.Description);
  const traits = registeredTraits(context, request);
  checkTraits(traits);
  const devices = await registeredDevices(reader, context, request);
  return planImage({
    id: context.ids.resource('ami'),
    ownerId: context.accountId,
    region: context.region,
    tags: tagsFor('image', request.TagSpecifications, ['image']),
    createdAt: context.now,
    name,
    description: request.Description,
    platformDetails: 'Linux/UNIX',
    rootDeviceType: 'ebs',
    ...traits,
    ...devices,
  });
}

/** Makes an image of existing snapshots; one of them holds the root device. */
export const registerImage: Operation<'RegisterImage'> = async (context, request) => {
  refuseUnserved(request, unserved);
  refuseInitializationRate(request.BlockDeviceMappings);
  return await context.write(async (tx) => {
    const image = await planRegistered(tx, context, request);
    await tx.put('image', image);
    return { ImageId: image.id };
  });
};
