import {
  apiError,
  findInstanceType,
  type Image,
  type InstanceType,
  isInRegion,
  type MetadataReader,
} from '@bakehouse/domain';
import type { OperationContext } from '../context.ts';
import { checkId, isSharedWith, notFound } from '../lookups.ts';
import type { Settings } from '../settings.ts';

/** EC2's words for an image that cannot be launched or changed in its state. */
export function imageUnavailable(image: Image) {
  return apiError('InvalidAMIID.Unavailable', {
    message: `The image ID '${image.id}' is not available: its state is '${image.state}'`,
  });
}

/** EC2's words for an image that was deregistered. */
export function imageGone(id: string) {
  return apiError('InvalidAMIID.Unavailable', {
    message: `The image id '[${id}]' is no longer available`,
  });
}

async function whyNot(reader: MetadataReader, region: string, id: string) {
  const stone = await reader.get('tombstone', id);
  return stone && isInRegion(stone, region) ? imageGone(id) : notFound('image', id);
}

/** The image to launch: there, permitted, and available. */
export async function launchImage(
  reader: MetadataReader,
  context: Pick<OperationContext, 'accountId' | 'region'>,
  imageId: string | undefined,
): Promise<Image> {
  if (!imageId) throw apiError('MissingParameter', { parameter: 'ImageId' });
  if (imageId.startsWith('resolve:ssm:')) {
    throw apiError('UnsupportedOperation', {
      message: `Images named by parameter (${imageId}) are not supported yet; give an AMI id`,
    });
  }
  checkId('image', imageId);
  const image = await reader.get('image', imageId);
  if (!image || !isInRegion(image, context.region)) {
    throw await whyNot(reader, context.region, imageId);
  }
  if (!isSharedWith(image, context.accountId)) {
    throw apiError('AuthFailure', { message: `Not authorized for images: [${imageId}]` });
  }
  if (image.state !== 'available') throw imageUnavailable(image);
  return image;
}

/** EC2's code for what exists and cannot run here: this platform's machines are x86, and boot by a boot record. */
export function refuseUnbootable(
  { id, architecture, bootMode, virtualizationType }: Image,
  { compute }: Pick<Settings, 'compute'>,
): void {
  if (compute !== 'qemu') return;
  const lacks = [
    ...(virtualizationType === 'paravirtual' ? ['the virtualization type paravirtual'] : []),
    ...(architecture === 'arm64' ? ['the architecture arm64'] : []),
    ...(bootMode === 'uefi' ? ['the boot mode uefi'] : []),
  ];
  if (lacks.length === 0) return;
  throw apiError('Unsupported', {
    message: `The requested configuration is currently not supported: ${id} has ${lacks.join(' and ')}, which this platform cannot run. Use an x86_64 image with the virtualization type hvm and the boot mode legacy-bios or uefi-preferred.`,
  });
}

/** The type that the image (or an instance made of it) can run on, or why it cannot. */
export function launchType(
  name: string,
  image: Pick<Image, 'architecture' | 'virtualizationType' | 'enaSupport'>,
): InstanceType {
  const type = findInstanceType(name);
  if (!type) {
    throw apiError('InvalidParameterValue', {
      message: `Invalid value '${name}' for InstanceType.`,
    });
  }
  if (!type.architectures.includes(image.architecture)) {
    throw apiError('InvalidParameterValue', {
      message: `The architecture '${type.architectures.join(',')}' of the specified instance type does not match the architecture '${image.architecture}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again.`,
    });
  }
  if (!type.virtualizationTypes.includes(image.virtualizationType)) {
    throw apiError('InvalidParameterCombination', {
      message: `Virtualization type '${image.virtualizationType}' is not supported for instances of type '${name}'. Please use an instance type that supports '${image.virtualizationType}' AMIs: this one supports ${type.virtualizationTypes.join(', ')}.`,
    });
  }
  if (type.ena === 'required' && !image.enaSupport) {
    throw apiError('InvalidParameterCombination', {
      message: `Enhanced networking with the Elastic Network Adapter (ENA) is required for the '${name}' instance type. Ensure that you are using an AMI that is enabled for ENA.`,
    });
  }
  return type;
}
