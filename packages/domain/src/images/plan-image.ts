import type { Root } from '../records/boot.ts';
import type { ImageId, Resource } from '../records/common.ts';
import { definedMembers } from '../records/defined-members.ts';
import type { Image } from '../records/image.ts';
import { type BootTraits, planBoot } from './boot.ts';

type Necessary = 'name' | 'architecture' | 'platformDetails' | 'enaSupport' | 'blockDevices';
type Planned = 'root' | 'boot';

type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** What an image is made of, in EC2's members; what it does not have may be undefined. */
export type ImageDraft = Resource<ImageId> &
  Pick<Image, Necessary> &
  Optional<Omit<Image, keyof Resource<ImageId> | Necessary | Planned>> &
  BootTraits & { readonly rootDeviceType: Root['kind']; readonly rootDeviceName: string };

/** An image, `available` and only the owner's to launch unless the draft says otherwise. */
export function planImage(draft: ImageDraft): Image {
  const { rootDeviceType, rootDeviceName, ...unrooted } = draft;
  const { virtualizationType, bootMode, kernelId, ramdiskId, ...members } = unrooted;
  return {
    state: 'available',
    launchPermissions: { everyone: false, accountIds: [] },
    ...definedMembers(members),
    root: { kind: rootDeviceType, deviceName: rootDeviceName },
    boot: planBoot({ virtualizationType, bootMode, kernelId, ramdiskId }),
  };
}
