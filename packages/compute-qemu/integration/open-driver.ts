import { join } from 'node:path';
import { silentLogger, systemClock } from '@bakehouse/base';
import { type ComputeLimits, createQemuCompute, type QemuCompute } from '../src/index.ts';

export interface BenchPlace {
  readonly folder: string;
  readonly namespace: string;
}

/** A driver over qcow2 files `<volume id>.qcow2` in the folder. */
export function openDriver(place: BenchPlace, limits: Partial<ComputeLimits> = {}): QemuCompute {
  return createQemuCompute({
    directory: join(place.folder, 'instances'),
    enter: () => ['ip', 'netns', 'exec', place.namespace],
    accelerator: 'tcg',
    clock: systemClock,
    logger: silentLogger,
    volumeDisks: async (id) => [
      { driver: 'file', 'node-name': `${id}-f`, filename: join(place.folder, `${id}.qcow2`) },
      { driver: 'qcow2', 'node-name': id, file: `${id}-f` },
    ],
    limits: { memoryReserveBytes: 0, ...limits },
  });
}
