import { apiError } from '../errors/api-error.ts';
import type { VolumeShape, VolumeType } from '../records/volume.ts';

interface TypeLimits {
  readonly sizeGiB: readonly [min: number, max: number];
  readonly iops?: readonly [min: number, max: number];
  readonly throughput?: readonly [min: number, max: number];
  /** The IOPS of a volume that asks for none. */
  readonly defaultIops?: (sizeGiB: number) => number;
  readonly defaultThroughput?: number;
  readonly iopsRequired?: boolean;
  readonly iopsPerGiBMax?: number;
  readonly throughputPerIopsMax?: number;
  /** EC2 boots from no throughput-optimized magnetic disk. */
  readonly cannotBoot?: boolean;
}

/** EBS's limits by type ("Amazon EBS volume types"). */
const limits: Record<VolumeType, TypeLimits> = {
  standard: { sizeGiB: [1, 1024] },
  gp2: {
    sizeGiB: [1, 16_384],
    defaultIops: (sizeGiB) => Math.min(16_000, Math.max(100, sizeGiB * 3)),
  },
  gp3: {
    sizeGiB: [1, 65_536],
    iops: [3000, 80_000],
    throughput: [125, 2000],
    defaultIops: () => 3000,
    defaultThroughput: 125,
    iopsPerGiBMax: 500,
    throughputPerIopsMax: 0.25,
  },
  io1: { sizeGiB: [4, 16_384], iops: [100, 64_000], iopsRequired: true, iopsPerGiBMax: 50 },
  io2: { sizeGiB: [4, 65_536], iops: [100, 256_000], iopsRequired: true, iopsPerGiBMax: 1000 },
  st1: { sizeGiB: [125, 16_384], cannotBoot: true },
  sc1: { sizeGiB: [125, 16_384], cannotBoot: true },
};

export const volumeTypes = Object.keys(limits) as readonly VolumeType[];

const within = (value: number, [min, max]: readonly [number, number]) =>
  Number.isInteger(value) && value >= min && value <= max;

function checkRange(
  name: string,
  value: number | undefined,
  { range, type }: { range: readonly [number, number] | undefined; type: VolumeType },
): void {
  if (value === undefined) return;
  if (!range) {
    throw apiError('InvalidParameterCombination', {
      message: `The parameter ${name} is not supported for ${type} volumes.`,
    });
  }
  if (within(value, range)) return;
  throw apiError('InvalidParameterValue', {
    message: `Volume ${name} of ${value} is not valid for ${type} volumes; expecting ${range[0]} to ${range[1]}.`,
  });
}

/** Ratios apply only above the IOPS that every volume of the type has. */
function checkRatios({ sizeGiB, volumeType, iops, throughput }: VolumeShape): void {
  const { defaultIops, iopsPerGiBMax, throughputPerIopsMax } = limits[volumeType];
  const included = defaultIops?.(sizeGiB) ?? 0;
  if (iopsPerGiBMax !== undefined && iops !== undefined && iops > included) {
    checkRatio('Iops to volume size', iops / sizeGiB, iopsPerGiBMax);
  }
  if (throughputPerIopsMax === undefined || throughput === undefined) return;
  checkRatio('Throughput (MiBps) to iops', throughput / (iops ?? included), throughputPerIopsMax);
}

function checkRatio(name: string, ratio: number, max: number): void {
  if (ratio <= max) return;
  throw apiError('InvalidParameterValue', {
    message: `${name} ratio of ${ratio.toFixed(6)} is too high; maximum is ${max.toFixed(6)}.`,
  });
}

/** Refuses types that no instance boots from. `owner` names the root device in the message. */
export function checkBootType(owner: string, volumeType: VolumeType): void {
  if (!limits[volumeType].cannotBoot) return;
  throw apiError('BootForVolumeTypeUnsupported', { type: volumeType, owner });
}

/** Refuses sizes, IOPS and throughputs that a volume of this type cannot have. */
export function checkVolumeShape(shape: VolumeShape): void {
  const { sizeGiB, volumeType: type, iops, throughput } = shape;
  const limit = limits[type];
  if (!within(sizeGiB, limit.sizeGiB)) {
    throw apiError('InvalidParameterValue', {
      message: `Volume of ${sizeGiB}GiB is invalid for ${type} volumes; it must have ${limit.sizeGiB[0]} to ${limit.sizeGiB[1]} GiB.`,
    });
  }
  if (limit.iopsRequired && iops === undefined) {
    throw apiError('InvalidParameterCombination', {
      message: `The parameter iops must be specified for ${type} volumes.`,
    });
  }
  checkRange('iops', iops, { range: limit.iops, type });
  checkRange('throughput', throughput, { range: limit.throughput, type });
  checkRatios(shape);
}

/** True for gp2, whose IOPS follow from its size: volumes show the figure, and no request may give it. */
export function derivesIops(volumeType: VolumeType): boolean {
  const { iops, defaultIops } = limits[volumeType];
  return iops === undefined && defaultIops !== undefined;
}

/** The shape without IOPS that say only what its type derives from its size; the same object where it has no such. */
export function withoutDerivedIops<Shape extends VolumeShape>(
  shape: Shape,
): Omit<Shape, 'iops'> & Pick<VolumeShape, 'iops'> {
  const { iops, ...rest } = shape;
  const { volumeType, sizeGiB } = shape;
  const isDerived = derivesIops(volumeType) && iops === limits[volumeType].defaultIops?.(sizeGiB);
  return isDerived ? rest : shape;
}

/** The shape with the type's default IOPS and throughput where none are given, as DescribeVolumes shows it. */
export function settledShape(shape: VolumeShape): VolumeShape {
  const { defaultIops, defaultThroughput } = limits[shape.volumeType];
  const iops = shape.iops ?? defaultIops?.(shape.sizeGiB);
  const throughput = shape.throughput ?? defaultThroughput;
  return {
    sizeGiB: shape.sizeGiB,
    volumeType: shape.volumeType,
    ...(iops === undefined ? {} : { iops }),
    ...(throughput === undefined ? {} : { throughput }),
  };
}
