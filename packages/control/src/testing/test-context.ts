import type { Ec2Operations } from '@bakehouse/aws-model';
import { silentLogger } from '@bakehouse/base';
import type { AccountId, Image, MetadataReader, RegionName, Snapshot } from '@bakehouse/domain';
import {
  ManualClock,
  MemoryMetadataStore,
  type SimulatedPowers,
  seededIds,
  simulatedPowers,
} from '@bakehouse/fakes';
import type { OperationContext } from '../context.ts';
import { type ControlPlane, createControlPlane } from '../control-plane.ts';
import { dispatch } from '../dispatch.ts';
import type { OperationName } from '../operation.ts';
import { operations } from '../operations/registry.ts';
import { firstAccountId, platformAccountId } from '../platform/accounts.ts';

export interface TestScope {
  readonly accountId: AccountId;
  readonly region: RegionName;
}

/** A control plane over twins, for tests of operations: real workflows, manual time, no outside. */
export interface TestContext {
  readonly scope: TestScope;
  readonly clock: ManualClock;
  readonly metadata: MemoryMetadataStore;
  readonly powers: SimulatedPowers;
  readonly plane: ControlPlane;
  /** Calls an operation as the server does, as the first account in us-east-1 unless told otherwise. */
  call<Name extends OperationName>(
    name: Name,
    request: Ec2Operations[Name]['input'],
    scope?: Partial<TestScope>,
  ): Promise<Ec2Operations[Name]['output']>;
  operationContext(scope?: Partial<TestScope>): Promise<OperationContext>;
  read<Result>(work: (reader: MetadataReader) => Promise<Result>): Promise<Result>;
  /** Resolves when all workflows that were begun have ended. */
  settle(): Promise<void>;
  /** Puts an image that can be launched, with its snapshot, and answers it. */
  addImage(changes?: Partial<Image>): Promise<Image>;
}

const ids = seededIds('images of tests');

function imageOf(scope: TestScope, now: number): { image: Image; snapshot: Snapshot } {
  const common = { ownerId: scope.accountId, region: scope.region, tags: {}, createdAt: now };
  const nobody = { everyone: false, accountIds: [] };
  const snapshot: Snapshot = {
    ...common,
    id: ids.resource('snap'),
    volumeId: ids.resource('vol'),
    sizeGiB: 1,
    description: '',
    state: 'completed',
    progressPercent: 100,
    startedAt: now,
    completedAt: now,
    encrypted: false,
    mapId: ids.resource('map'),
    createVolumePermissions: nobody,
  };
  const id = ids.resource('ami');
  const image: Image = {
    ...common,
    id,
    name: `image ${id.slice(-8)}`,
    state: 'available',
    architecture: 'x86_64',
    platformDetails: 'Linux/UNIX',
    rootDeviceType: 'ebs',
    rootDeviceName: '/dev/xvda',
    virtualizationType: 'hvm',
    enaSupport: true,
    blockDevices: [
      {
        deviceName: '/dev/xvda',
        ebs: {
          snapshotId: snapshot.id,
          sizeGiB: 1,
          volumeType: 'gp3',
          deleteOnTermination: true,
          encrypted: false,
        },
      },
    ],
    launchPermissions: nobody,
  };
  return { image, snapshot };
}

/** A started control plane with empty state. Nothing of it outlives the test, so it need not be stopped. */
export async function testContext(seed: string | number = 1): Promise<TestContext> {
  const scope: TestScope = { accountId: firstAccountId, region: 'us-east-1' };
  const clock = new ManualClock();
  const metadata = new MemoryMetadataStore();
  const powers = simulatedPowers({ clock });
  const plane = createControlPlane({
    metadata,
    powers,
    clock,
    ids: seededIds(seed),
    logger: silentLogger,
    settings: {
      regions: ['us-east-1', 'us-west-2'],
      platformAccountId,
      compute: 'simulated',
      publicCidr: '127.18.0.0/16',
    },
  });
  await plane.start();
  const operationContext = (changes: Partial<TestScope> = {}) =>
    plane.operationContext({ ...scope, ...changes }, 'request-of-a-test');

  return {
    scope,
    clock,
    metadata,
    powers,
    plane,
    operationContext,
    async call(name, request, changes) {
      const context = await operationContext(changes);
      const answer = await dispatch(operations, name, context, request);
      // The table's type says what each name answers; dispatch erases it.
      return answer as Ec2Operations[typeof name]['output'];
    },
    read: (work) => metadata.read(work),
    settle: () => plane.engine.settle(),
    async addImage(changes = {}) {
      const { image, snapshot } = imageOf(scope, clock.now());
      const changed = { ...image, ...changes };
      await metadata.write(async (tx) => {
        await tx.put('snapshot', snapshot);
        await tx.put('image', changed);
      });
      return changed;
    },
  };
}
