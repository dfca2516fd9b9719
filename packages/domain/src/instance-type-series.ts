import type { InstanceStoreDisk, InstanceType } from './instance-type.ts';

/** What the types of a family share. */
export type InstanceTraits = Omit<InstanceType, 'name' | 'vcpus' | 'memoryMiB' | 'instanceStore'>;

const gibMiB = 1024;

/** Nitro: everything that came after 2017. */
export const nitro: InstanceTraits = {
  currentGeneration: true,
  burstable: false,
  architectures: ['x86_64'],
  virtualizationTypes: ['hvm'],
  ebsEncryption: true,
  ebsOptimized: 'default',
  ena: 'required',
  sriov: false,
  hypervisor: 'nitro',
};

export const graviton: InstanceTraits = { ...nitro, architectures: ['arm64'] };

/** The last generations on Xen. */
export const lateXen: InstanceTraits = {
  ...nitro,
  ena: 'unsupported',
  sriov: true,
  hypervisor: 'xen',
};

/** `2x420 hdd`, `1x75 nvme`: how many disks of how many GB, of what kind. */
function storeOf(text: string | undefined): { readonly instanceStore?: InstanceStoreDisk } {
  const match = /^(\d+)x(\d+) (hdd|ssd|nvme)$/.exec(text ?? '');
  if (!match) return {};
  const [, count, sizeGB, kind] = match;
  return {
    instanceStore: {
      count: Number(count),
      sizeGB: Number(sizeGB),
      kind: kind === 'hdd' ? 'hdd' : 'ssd',
      nvme: kind === 'nvme',
    },
  };
}

/** Of a family that grows evenly: `medium` has one virtual CPU, `large` two, `xlarge` four, `8xlarge` 32. */
function vcpusOf(size: string): number {
  if (size === 'medium') return 1;
  if (size === 'large') return 2;
  return 4 * Number(size.replace('xlarge', '') || 1);
}

export type SizeRow = readonly [size: string, vcpus: number, memoryGiB: number, store?: string];

/** A family whose figures are written out. */
export function family(
  name: string,
  traits: InstanceTraits,
  rows: readonly SizeRow[],
): readonly InstanceType[] {
  return rows.map(([size, vcpus, memoryGiB, store]) => ({
    ...traits,
    name: `${name}.${size}`,
    vcpus,
    memoryMiB: Math.round(memoryGiB * gibMiB),
    ...storeOf(store),
  }));
}

/** A family with so many GiB for each virtual CPU. `sizes` are words; a store may follow each after `=`. */
export function series(
  name: string,
  traits: InstanceTraits,
  { gibPerVcpu, sizes }: { gibPerVcpu: number; sizes: readonly string[] },
): readonly InstanceType[] {
  const rows = sizes.map((text): SizeRow => {
    const [size = '', store] = text.split('=');
    const vcpus = vcpusOf(size);
    return store === undefined
      ? [size, vcpus, vcpus * gibPerVcpu]
      : [size, vcpus, vcpus * gibPerVcpu, store];
  });
  return family(name, traits, rows);
}
