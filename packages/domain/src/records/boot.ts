/** The device that a machine boots from: a volume (`ebs`), or a disk of the host that an image's bundle fills. */
export type Root =
  | { readonly kind: 'ebs'; readonly deviceName: string }
  | { readonly kind: 'instance-store'; readonly deviceName: string };

export type VirtualizationType = 'hvm' | 'paravirtual';

/** What an image's boot record is written for. */
export type BootMode = 'legacy-bios' | 'uefi' | 'uefi-preferred';

/** Ids of a kernel and a RAM disk, from a seed file. Clients and guests read them; no kernel is loaded by them. */
interface KernelIds {
  readonly kernelId?: string;
  readonly ramdiskId?: string;
}

/** By the boot record of the root device: `hvm`. */
export interface DiskBoot extends KernelIds {
  readonly kind: 'disk';
  /** Absent: the image does not say. */
  readonly mode?: BootMode;
}

/** By a kernel outside the root device's boot record: `paravirtual`. */
export interface KernelBoot extends KernelIds {
  readonly kind: 'kernel';
}

/** How a machine boots. The kind alone decides, whatever ids there are. */
export type Boot = DiskBoot | KernelBoot;
