import { type IdSource, silentLogger } from '@bakehouse/base';
import type { Image, MetadataReader, MetadataStore, Snapshot, Workflow } from '@bakehouse/domain';
import {
  ManualClock,
  newTestStore,
  type SimulatedDrivers,
  seededIds,
  simulatedDrivers,
} from '@bakehouse/fakes';
import { aHostId, anImageOf, aSnapshot } from '@bakehouse/testkit';
import type { Widths } from '@bakehouse/workflow-engine';
import type { Drivers } from '../context.ts';
import { type ControlPlane, createControlPlane } from '../control-plane.ts';
import type { CallScope } from '../operation-context.ts';
import { firstAccountId, platformAccountId } from '../platform/accounts.ts';
import type { Settings } from '../settings.ts';

export const testSettings: Settings = {
  regions: ['us-east-1', 'us-west-2'],
  platformAccountId,
  compute: 'simulated',
  hostId: aHostId,
  publicCidr: '127.18.0.0/16',
};

/** A control plane over fakes: real workflows, manual time, nothing outside the process. */
export interface TestPlane {
  /** The first account in us-east-1. */
  readonly scope: CallScope;
  readonly clock: ManualClock;
  /** Ids of records that a test makes itself; the control plane draws from its own source. */
  readonly ids: IdSource;
  readonly metadata: MetadataStore;
  readonly drivers: SimulatedDrivers;
  readonly plane: ControlPlane;
  read<Result>(work: (reader: MetadataReader) => Promise<Result>): Promise<Result>;
  /** Resolves when all workflows have ended. */
  settle(): Promise<void>;
  /** Puts an image that can be launched, with its snapshot, and returns it. */
  addImage(changes?: Partial<Image>): Promise<Image>;
}

function imageOf(
  { accountId: ownerId, region }: CallScope,
  { now, ids }: { now: number; ids: IdSource },
): { image: Image; snapshot: Snapshot } {
  const snapshot = aSnapshot({
    ownerId,
    region,
    createdAt: now,
    id: ids.resource('snap'),
    volumeId: ids.resource('vol'),
    sizeGiB: 1,
    startedAt: now,
    completedAt: now,
    mapId: ids.resource('map'),
  });
  const id = ids.resource('ami');
  const image = anImageOf(snapshot, { id, name: `image ${id.slice(-8)}` });
  return { image, snapshot };
}

/**
 * A started control plane with empty state but for `work`, which it finds; `more` are drivers beside the fakes. Nothing of
 * it outlives the test, so it need not be stopped.
 */
export async function testPlane(
  seed: string | number = 1,
  work: readonly Workflow[] = [],
  more: Partial<Drivers> = {},
  widths: Widths = {},
): Promise<TestPlane> {
  const scope: CallScope = { accountId: firstAccountId, region: 'us-east-1' };
  const clock = new ManualClock();
  const ids = seededIds(`records of test ${seed}`);
  const metadata = newTestStore();
  const builder = { recipes: ['bakehouse-linux', 'base'] };
  const drivers = simulatedDrivers({ clock, builder });
  const plane = createControlPlane({
    metadata,
    drivers: { ...drivers, ...more },
    clock,
    ids: seededIds(seed),
    logger: silentLogger,
    settings: testSettings,
    widths,
  });
  await metadata.write(async (tx) => {
    for (const row of work) await tx.put('workflow', row);
  });
  await plane.start();
  return {
    scope,
    clock,
    ids,
    metadata,
    drivers,
    plane,
    read: (work) => metadata.read(work),
    settle: () => plane.engine.settle(),
    async addImage(changes = {}) {
      const { image, snapshot } = imageOf(scope, { now: clock.now(), ids });
      const changed = { ...image, ...changes };
      await metadata.write(async (tx) => {
        await tx.put('snapshot', snapshot);
        await tx.put('image', changed);
      });
      return changed;
    },
  };
}
