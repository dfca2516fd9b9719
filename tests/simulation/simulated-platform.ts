import { type Ec2Operations, withCheckedAnswers } from '@bakehouse/aws-model';
import { silentLogger } from '@bakehouse/base';
import type { BlockSourceRef, Image } from '@bakehouse/domain';
import { ec2Api, type OperationName } from '@bakehouse/ec2';
import { type ControlPlaneLife, type FakeWorld, type FaultPlan, settle } from '@bakehouse/fakes';
import {
  type ControlPlane,
  type ControlPlaneOptions,
  createControlPlane,
  firstAccountId,
  platformAccountId,
} from '@bakehouse/orchestration';
import { aHostId, anImageOf, aSnapshot } from '@bakehouse/testkit';
import { afterEach, expect } from 'vitest';
import { forbiddenTransitions, watchTransitions } from './watched-transitions.ts';

const region = 'us-east-1';
const checkedApi = withCheckedAnswers(ec2Api);

/** One run of the control plane over a world that outlives it. */
export interface PlatformRun {
  readonly life: ControlPlaneLife['life'];
  readonly plane: ControlPlane;
  /** What the caller gets: the reply, the refusal, or nothing because the platform died. */
  call<Name extends OperationName>(
    name: Name,
    request: Ec2Operations[Name]['input'],
  ): Promise<Heard<Ec2Operations[Name]['output']>>;
  /** Lets time pass until all work has ended. */
  rest(): Promise<void>;
}

export type Heard<Output> =
  | { readonly kind: 'returned'; readonly output: Output }
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'died' };

/** Lets simulated time pass until the promise settles or the life is over. */
async function hear<Output>(
  world: FakeWorld,
  { life }: Pick<PlatformRun, 'life'>,
  work: Promise<Output>,
): Promise<Heard<Output>> {
  let heard: Heard<Output> | undefined;
  work.then(
    (output) => {
      heard = { kind: 'returned', output };
    },
    (error: unknown) => {
      heard = {
        kind: 'refused',
        code: error instanceof Error && 'code' in error ? String(error.code) : String(error),
      };
    },
  );
  for (;;) {
    await settle();
    if (heard) return heard;
    if (life.isOver) return { kind: 'died' };
    await world.clock.advance(100);
  }
}

/** Those that had a platform since the last test. The check is for tests without `checkWorld`. */
const worlds = new Set<FakeWorld>();
afterEach(() => {
  const forbidden = [...worlds].flatMap((world) => [...forbiddenTransitions(world)]);
  worlds.clear();
  expect(forbidden).toEqual([]);
});

/** Starts a control plane; with a plan that crashes it, the start itself may never end. */
export async function startPlatform(
  world: FakeWorld,
  plan?: FaultPlan,
  definitions?: ControlPlaneOptions['definitions'],
): Promise<PlatformRun> {
  worlds.add(world);
  const ports = world.connect(plan);
  const { life, clock, ids, metadata, ...drivers } = ports;
  const plane = createControlPlane({
    metadata: watchTransitions(world, metadata),
    drivers,
    clock,
    ids,
    logger: silentLogger,
    settings: {
      regions: [region],
      platformAccountId,
      compute: 'qemu',
      hostId: aHostId,
      publicCidr: '127.18.0.0/16',
    },
    ...(definitions ? { definitions } : {}),
  });
  const started = await hear(world, { life }, plane.start());
  if (started.kind === 'refused')
    throw new Error(`the control plane did not start: ${started.code}`);
  return {
    life,
    plane,
    async call(name, request) {
      const work = async () => {
        const context = await plane.operationContext({ accountId: firstAccountId, region }, 'sim');
        const output = await checkedApi.call(name, context, request);
        return output as Ec2Operations[typeof name]['output'];
      };
      return await hear(world, { life }, work());
    },
    async rest() {
      await hear(world, { life }, plane.engine.settle());
    },
  };
}

/** Puts an image of a disk with this content, as a bake would. */
export async function publishImage(world: FakeWorld, source: BlockSourceRef): Promise<Image> {
  const now = world.clock.now();
  const mapId = world.ids.resource('map');
  await world.snapshots.capture({ mapId, source });
  const snapshot = aSnapshot({
    ownerId: firstAccountId,
    region,
    createdAt: now,
    id: world.ids.resource('snap'),
    volumeId: world.ids.resource('vol'),
    sizeGiB: 1,
    startedAt: now,
    origin: { kind: 'bake' },
    mapId,
  });
  const image = anImageOf(snapshot, { id: world.ids.resource('ami'), name: 'base' });
  await world.metadata.write(async (tx) => {
    await tx.put('snapshot', snapshot);
    await tx.put('image', image);
  });
  return image;
}
