import {
  apiError,
  bootMode,
  findInstanceType,
  type Image,
  type InstanceType,
  vcpusMax,
  virtualizationType,
} from '@bakehouse/domain';
import type { Settings } from '@bakehouse/orchestration';

/** The type of that name, which requests spell in any case and with outer blanks. */
export const typeNamed = (name: string) => findInstanceType(name.trim().toLowerCase());

/** The type that the image (or an instance made of it) can run on, or why it cannot. */
export function launchType(
  name: string,
  image: Pick<Image, 'architecture' | 'boot' | 'enaSupport'>,
): InstanceType {
  const type = typeNamed(name);
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
  const needed = virtualizationType(image);
  if (!type.virtualizationTypes.includes(needed)) {
    throw apiError('InvalidParameterCombination', {
      message: `Virtualization type '${needed}' is not supported for instances of type '${type.name}'. Please use an instance type that supports '${needed}' AMIs: this one supports ${type.virtualizationTypes.join(', ')}.`,
    });
  }
  if (type.ena === 'required' && !image.enaSupport) {
    throw apiError('InvalidParameterCombination', {
      message: `Enhanced networking with the Elastic Network Adapter (ENA) is required for the '${type.name}' instance type. Ensure that you are using an AMI that is enabled for ENA.`,
    });
  }
  return type;
}

type Bootable = Pick<Image, 'architecture' | 'boot'>;

/** What an image needs, or a type has, that machines of this platform lack: `the boot mode uefi`. */
function imageLacks(image: Bootable): string[] {
  return [
    ...(virtualizationType(image) === 'paravirtual' ? ['the virtualization type paravirtual'] : []),
    ...(image.architecture === 'arm64' ? ['the architecture arm64'] : []),
    ...(bootMode(image) === 'uefi' ? ['the boot mode uefi'] : []),
  ];
}

function typeLacks({ bareMetal, accelerator, vcpus }: InstanceType): string[] {
  return [
    ...(bareMetal ? ['bare metal hardware'] : []),
    ...(accelerator ? [`${accelerator.manufacturer} ${accelerator.name} accelerators`] : []),
    ...(vcpus > vcpusMax ? [`${vcpus} virtual CPUs (a machine here has ${vcpusMax} at most)`] : []),
  ];
}

const unsupported = (what: string, advice: string) =>
  apiError('Unsupported', {
    message: `The requested configuration is currently not supported: ${what}, which this platform cannot run. ${advice}`,
  });

/** Refuses images and types that exist in EC2 but that no machine of this platform can run. */
export function refuseUnrunnable(
  image: Bootable & Pick<Image, 'id'>,
  type: InstanceType,
  { compute }: Pick<Settings, 'compute'>,
): void {
  if (compute !== 'qemu') return;
  const ofImage = imageLacks(image);
  if (ofImage.length > 0) {
    throw unsupported(
      `${image.id} has ${ofImage.join(' and ')}`,
      'Use an x86_64 image with the virtualization type hvm and the boot mode legacy-bios or uefi-preferred.',
    );
  }
  refuseTypeHere(type, { compute });
}

/** Refuses types that EC2 has and that no machine of this platform can be. */
export function refuseTypeHere(type: InstanceType, { compute }: Pick<Settings, 'compute'>): void {
  const lacks = compute === 'qemu' ? typeLacks(type) : [];
  if (lacks.length === 0) return;
  throw unsupported(
    `the instance type ${type.name} has ${lacks.join(' and ')}`,
    'Use a type without accelerators that is not bare metal, such as t3.micro or m7i.large.',
  );
}
