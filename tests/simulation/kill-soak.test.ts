import type {
  Image,
  ImageId,
  Instance,
  InstanceId,
  Snapshot,
  SnapshotId,
  Volume,
  VolumeId,
} from '@bakehouse/domain';
import { FakeWorld, FaultPlan, type Random } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { contentOf } from './scenes.ts';
import { type PlatformRun, publishImage, startPlatform } from './simulated-platform.ts';

/** Fixed, so that CI repeats; SOAK_SEED=… tries another story, SOAK_KILLS=… a longer one. */
const seed = process.env.SOAK_SEED ?? 'bakehouse';
const killsWanted = Number(process.env.SOAK_KILLS ?? 60);
/** For hangs: a kill takes some 35 ms on a machine that has nothing else to do. */
const limitMs = 120_000 + killsWanted * 500;

/** What the caller was promised, and may therefore rely on. */
interface Acknowledged {
  readonly instances: Set<InstanceId>;
  readonly ended: Set<InstanceId>;
  readonly images: Set<ImageId>;
  readonly deregistered: Set<ImageId>;
  readonly snapshots: Set<SnapshotId>;
  readonly deleted: Set<SnapshotId>;
  /** What was asked to go when the platform died: it may be there or not. */
  readonly inDoubt: Set<string>;
  /** What each image and snapshot is of, and what its volume's block had when it was asked for. */
  readonly taken: Map<string, Taken>;
}

interface Taken {
  readonly instanceId: string | undefined;
  readonly mark: number;
  /** Its instant comes after the answer, when others may have written. */
  readonly later: boolean;
}

type Act = (run: PlatformRun, promised: Acknowledged, random: Random) => Promise<void>;

/** A block that images of the base do not have. */
const markedBlock = 3;
let lastMark = 0;

/** Writes a new number into the volume's block, as a guest would. */
function mark(world: FakeWorld, volumeId: string | undefined): number {
  lastMark += 1;
  const id = volumeId as VolumeId;
  if (world.volumes.has(id)) world.volumes.write(id, markedBlock, String(lastMark));
  return lastMark;
}

const live = (promised: Acknowledged) =>
  [...promised.instances].filter((id) => !promised.ended.has(id));

/** What users do with instances; refusals are fine, as states change under their hands. */
const instanceActs = (base: ImageId): readonly Act[] => [
  async (run, promised) => {
    const request = { ImageId: base, InstanceType: 't3.micro' as const, MinCount: 1, MaxCount: 1 };
    const heard = await run.call('RunInstances', request);
    if (heard.kind !== 'returned') return;
    for (const { InstanceId: id } of heard.output.Instances ?? [])
      promised.instances.add(id as InstanceId);
  },
  async (run, promised, random) => {
    const ids = live(promised);
    if (ids.length > 0) await run.call('StopInstances', { InstanceIds: [random.pick(ids)] });
  },
  async (run, promised, random) => {
    const ids = live(promised);
    if (ids.length > 0) await run.call('StartInstances', { InstanceIds: [random.pick(ids)] });
  },
  async (run, promised, random) => {
    const ids = live(promised);
    if (ids.length < 3) return;
    const id = random.pick(ids);
    const heard = await run.call('TerminateInstances', { InstanceIds: [id] });
    if (heard.kind === 'returned') promised.ended.add(id);
    if (heard.kind === 'died') promised.inDoubt.add(id);
  },
];

/** What users do with images and snapshots. */
const captureActs = (world: FakeWorld): readonly Act[] => [
  async (run, promised, random) => {
    const ids = live(promised);
    if (ids.length === 0) return;
    const Name = `image ${random.below(1e9)}`;
    const NoReboot = random.chance(0.5);
    const instanceId = random.pick(ids);
    const instance = await world.metadata.read((tx) => tx.get('instance', instanceId));
    const number = mark(world, instance?.volumes[0]?.volumeId);
    const heard = await run.call('CreateImage', { InstanceId: instanceId, Name, NoReboot });
    if (heard.kind !== 'returned') return;
    const id = heard.output.ImageId as ImageId;
    promised.images.add(id);
    promised.taken.set(id, { instanceId, mark: number, later: !NoReboot });
  },
  async (run, promised, random) => {
    const ids = [...promised.images].filter((id) => !promised.deregistered.has(id));
    if (ids.length < 3) return;
    const id = random.pick(ids);
    const request = { ImageId: id, DeleteAssociatedSnapshots: random.chance(0.5) };
    const heard = await run.call('DeregisterImage', request);
    if (heard.kind === 'returned') promised.deregistered.add(id);
    if (heard.kind === 'died') promised.inDoubt.add(id);
  },
  async (run, promised, random) => {
    const heard = await run.call('DescribeVolumes', {});
    if (heard.kind !== 'returned') return;
    const volumes = heard.output.Volumes ?? [];
    if (volumes.length === 0) return;
    const { VolumeId = '', Attachments = [] } = random.pick(volumes);
    const number = mark(world, VolumeId);
    const made = await run.call('CreateSnapshot', { VolumeId });
    if (made.kind !== 'returned') return;
    const id = made.output.SnapshotId as SnapshotId;
    promised.snapshots.add(id);
    promised.taken.set(id, {
      instanceId: Attachments[0]?.InstanceId,
      mark: number,
      later: false,
    });
  },
  async (run, promised, random) => {
    const ids = [...promised.snapshots].filter((id) => !promised.deleted.has(id));
    if (ids.length < 3) return;
    const id = random.pick(ids);
    const heard = await run.call('DeleteSnapshot', { SnapshotId: id });
    if (heard.kind === 'returned') promised.deleted.add(id);
    if (heard.kind === 'died') promised.inDoubt.add(id);
  },
];

const settled = {
  instance: ['running', 'stopped', 'terminated'],
  image: ['available', 'failed'],
  snapshot: ['completed', 'error'],
  volume: ['available', 'in-use'],
};

interface Records {
  readonly instances: readonly Instance[];
  readonly volumes: readonly Volume[];
  readonly snapshots: readonly Snapshot[];
  readonly images: readonly Image[];
  readonly workflows: number;
}

const readRecords = (world: FakeWorld): Promise<Records> =>
  world.metadata.read(async (tx) => ({
    instances: await tx.list('instance'),
    volumes: await tx.list('volume'),
    snapshots: await tx.list('snapshot'),
    images: await tx.list('image'),
    workflows: (await tx.list('workflow')).length,
  }));

/** No work is left, and nothing is in a state that should pass. */
function checkSettled({ instances, images, snapshots, volumes, workflows }: Records): void {
  expect(workflows).toBe(0);
  for (const { state } of instances) expect(settled.instance).toContain(state);
  for (const { state } of images) expect(settled.image).toContain(state);
  for (const { state } of snapshots) expect(settled.snapshot).toContain(state);
  for (const { state } of volumes) expect(settled.volume).toContain(state);
}

/** Each acknowledged id exists exactly when its deletion was not promised. */
function checkKept(
  records: readonly { readonly id: string }[],
  { made, gone, inDoubt }: Record<'made' | 'gone' | 'inDoubt', ReadonlySet<string>>,
): void {
  const there = new Set(records.map((record) => record.id));
  for (const id of made) {
    if (!inDoubt.has(id)) expect([id, there.has(id)]).toEqual([id, !gone.has(id)]);
  }
}

function checkPromises(records: Records, promised: Acknowledged): void {
  const { inDoubt } = promised;
  checkKept(records.images, {
    made: promised.images,
    gone: promised.deregistered,
    inDoubt,
  });
  checkKept(records.snapshots, {
    made: promised.snapshots,
    gone: promised.deleted,
    inDoubt,
  });
  const states = new Map(records.instances.map((instance) => [instance.id, instance.state]));
  for (const id of live(promised)) {
    if (!inDoubt.has(id))
      expect([id, states.get(id)]).toEqual([id, expect.stringMatching(/^(running|stopped)$/)]);
  }
  for (const id of promised.ended) expect(['terminated', undefined]).toContain(states.get(id));
}

/** Nothing gives a reason to fail but the end of the instance before its image's instant. */
function checkDone(records: Records, promised: Acknowledged): void {
  const mayFail = (id: string) => {
    const { instanceId = '', later } = promised.taken.get(id) ?? {};
    return (
      later && (promised.ended.has(instanceId as InstanceId) || promised.inDoubt.has(instanceId))
    );
  };
  const failed = [...records.images, ...records.snapshots].filter(
    ({ id, state }) =>
      promised.taken.has(id) && (state === 'failed' || state === 'error') && !mayFail(id),
  );
  expect(failed).toEqual([]);
}

/** A volume of each snapshot has what was written before it was asked for, and nothing later. */
async function checkContents(
  world: FakeWorld,
  run: PlatformRun,
  records: Records,
  promised: Acknowledged,
) {
  const rootOf = ({ blockDevices }: Image) => blockDevices[0]?.ebs?.snapshotId;
  let checked = 0;
  for (const [id, { mark: number, later }] of promised.taken) {
    const image = records.images.find((each) => each.id === id);
    const snapshot = records.snapshots.find((each) => each.id === (image ? rootOf(image) : id));
    if (snapshot?.state !== 'completed') continue;
    const found = Number((await contentOf(run, world, snapshot.id)).get(markedBlock));
    expect([id, later ? found >= number : found]).toEqual([id, later ? true : number]);
    checked += 1;
  }
  return checked;
}

/** The outside is what the records say: no leaked machine, disk, NIC or document, and no lost block. */
async function checkOutside(world: FakeWorld, records: Records): Promise<void> {
  expect(await world.problems()).toEqual([]);
  for (const { id, state, mapId } of records.snapshots) {
    const map = await world.snapshots.find(mapId);
    if (state === 'completed') expect([id, map?.mapId]).toEqual([id, mapId]);
  }
  const running = records.instances.filter((instance) => instance.state === 'running');
  const machines = (await world.compute.list()).map((machine) => machine.instanceId);
  const ids = (items: readonly { readonly id: string }[]) => new Set(items.map((item) => item.id));
  expect(new Set(await world.volumes.list())).toEqual(ids(records.volumes));
  expect(new Set(machines)).toEqual(ids(running));
  const nics = new Set(running.map((instance) => instance.networkInterfaceId));
  expect(new Set(await world.network.list())).toEqual(nics);
  expect(new Set(await world.publisher.list())).toEqual(ids(running));
}

test(
  `${killsWanted} kills at random moments lose nothing that was acknowledged (seed ${seed})`,
  async () => {
    const world = new FakeWorld({ seed });
    const base = await publishImage(
      world,
      (await world.builder.bake({ recipe: 'bakehouse-linux' })).source,
    );
    const promised: Acknowledged = {
      instances: new Set(),
      ended: new Set(),
      images: new Set(),
      deregistered: new Set(),
      snapshots: new Set(),
      deleted: new Set(),
      inDoubt: new Set(),
      taken: new Map(),
    };
    const can = [...instanceActs(base.id), ...captureActs(world)];
    const random = world.random.fork('soak');
    let kills = 0;
    let calls = 0;
    while (kills < killsWanted) {
      const plan = new FaultPlan([{ call: 1 + random.below(250), fault: 'crash' }]);
      const run = await startPlatform(world, plan);
      while (!run.life.isOver) {
        await random.pick(can)(run, promised, random);
        calls += 1;
        await world.clock.advance(random.below(4000));
      }
      kills += 1;
    }
    const last = await startPlatform(world);
    await last.rest();
    const records = await readRecords(world);
    checkSettled(records);
    checkPromises(records, promised);
    checkDone(records, promised);
    await checkOutside(world, records);
    const contents = await checkContents(world, last, records, promised);
    expect([promised.instances.size > 0, promised.images.size > 0, contents > 0]).toEqual([
      true,
      true,
      true,
    ]);
    process.stdout.write(
      `kill soak: seed ${seed}, ${kills} kills, ${calls} calls, ${promised.instances.size} instances, ${promised.images.size} images, ${promised.snapshots.size} snapshots promised, ${contents} contents compared\n`,
    );
  },
  limitMs,
);
