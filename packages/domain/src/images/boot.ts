import { invariant } from '@bakehouse/base';
import type { Boot, BootMode, VirtualizationType } from '../records/boot.ts';
import { definedMembers } from '../records/defined-members.ts';

/** How an image boots, in EC2's members. */
export interface BootTraits {
  readonly virtualizationType: VirtualizationType;
  /** Only of hvm. */
  readonly bootMode?: BootMode | undefined;
  readonly kernelId?: string | undefined;
  readonly ramdiskId?: string | undefined;
}

interface Bootable {
  readonly boot: Boot;
}

/** The record's form of EC2's members. The caller has refused a boot mode of a paravirtual image. */
export function planBoot({ virtualizationType, bootMode, kernelId, ramdiskId }: BootTraits): Boot {
  const ids = definedMembers({ kernelId, ramdiskId });
  if (virtualizationType === 'hvm') {
    return { kind: 'disk', ...definedMembers({ mode: bootMode }), ...ids };
  }
  invariant(bootMode === undefined, 'a paravirtual image has no boot mode');
  return { kind: 'kernel', ...ids };
}

const virtualizationTypes = { disk: 'hvm', kernel: 'paravirtual' } as const;

/** EC2's VirtualizationType of an image or an instance. */
export const virtualizationType = ({ boot }: Bootable): VirtualizationType =>
  virtualizationTypes[boot.kind];

/** EC2's BootMode of an image, and of an instance, which keeps its image's. */
export const bootMode = ({ boot }: Bootable): BootMode | undefined =>
  boot.kind === 'disk' ? boot.mode : undefined;

/** EC2's CurrentInstanceBootMode: no machine here has UEFI firmware, so an image that only prefers it boots without. */
export const currentBootMode = (record: Bootable): 'legacy-bios' | 'uefi' =>
  bootMode(record) === 'uefi' ? 'uefi' : 'legacy-bios';
