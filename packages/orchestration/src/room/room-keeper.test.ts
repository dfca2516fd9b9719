import { GiB, MiB, secondMs, silentLogger } from '@bakehouse/base';
import type { InstanceId, MachineFile } from '@bakehouse/domain';
import { ManualClock } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { RoomKeeper } from './room-keeper.ts';

const [a, b, c] = ['i-a', 'i-b', 'i-c'] as const;

/** A host with three guests, where some machines do not respond. */
function makeHost() {
  const clock = new ManualClock();
  const use = new Map<InstanceId, readonly MachineFile[]>([a, b, c].map((id) => [id, []]));
  const held: InstanceId[] = [];
  const tried: string[] = [];
  const broken = new Map<InstanceId, 'rejects' | 'does nothing'>();
  const room = { device: 1, path: '/data', freeBytes: 2 * GiB, reservedBytes: GiB };
  const rooms = [room];
  const change = async (what: string, id: InstanceId, effect: () => void) => {
    tried.push(`${what} ${id}`);
    const fault = broken.get(id);
    if (fault === 'rejects') throw new Error(`${id} does not respond`);
    if (fault === undefined) effect();
    return fault === undefined;
  };
  const compute = {
    held: async () => [...held],
    diskUse: async () => new Map(use),
    hold: (id: InstanceId) => change('hold', id, () => held.push(id)),
    release: (id: InstanceId) => change('release', id, () => held.splice(held.indexOf(id), 1)),
  };
  const keeper = new RoomKeeper({
    clock,
    logger: silentLogger,
    compute,
    guestRoom: { look: async () => rooms },
  });
  return { clock, use, held, tried, broken, room, rooms, keeper };
}

const file = (inode: number, bytes: number, device = 1) => ({ device, inode, bytes });

/** Guests have grown by these bytes, and only half of the reserve is left. */
async function fill(host: ReturnType<typeof makeHost>, grown: readonly number[]): Promise<void> {
  for (const [at, id] of [a, b, c].entries()) host.use.set(id, [file(at, 0)]);
  await host.keeper.look();
  await host.clock.advance(secondMs);
  for (const [at, id] of [a, b, c].entries()) host.use.set(id, [file(at, grown[at] ?? 0)]);
  host.room.freeBytes = host.room.reservedBytes / 2;
}

test.each(['rejects', 'does nothing'] as const)(
  'when the first choice %s, the second is held in the same look',
  async (fault) => {
    const host = makeHost();
    host.broken.set(a, fault);
    await fill(host, [300 * MiB, 200 * MiB, 100 * MiB]);
    await host.keeper.look();
    expect(host.held).toEqual([b]);
    expect(host.tried).toEqual(['hold i-a', 'hold i-b']);
  },
);

test('a machine that could not be paused is passed over for a while', async () => {
  const host = makeHost();
  host.broken.set(a, 'rejects');
  await fill(host, [300 * MiB, 0, 0]);
  await host.keeper.look();
  await host.keeper.look();
  expect(host.tried).toEqual(['hold i-a']);
  host.broken.clear();
  await host.clock.advance(10 * secondMs);
  host.use.set(a, [file(0, 600 * MiB)]);
  await host.keeper.look();
  expect(host.held).toEqual([a]);
});

test.each(['rejects', 'does nothing'] as const)(
  'when the release of the last one %s, the one before it goes on',
  async (fault) => {
    const host = makeHost();
    host.held.push(a, b);
    host.broken.set(b, fault);
    host.room.freeBytes = 3 * GiB;
    await host.clock.advance(10 * secondMs);
    await host.keeper.look();
    expect(host.held).toEqual([b]);
    await host.clock.advance(5 * secondMs);
    await host.keeper.look();
    expect(host.tried).toEqual(['release i-b', 'release i-a']);
    host.broken.clear();
    await host.clock.advance(5 * secondMs);
    await host.keeper.look();
    expect(host.held).toEqual([]);
  },
);

test('a volume that is attached or detached is no growth', async () => {
  const host = makeHost();
  host.use.set(a, [file(1, 0)]);
  host.use.set(b, [file(2, 0), file(3, 5 * GiB)]);
  await host.keeper.look();
  await host.clock.advance(secondMs);
  host.use.set(a, [file(1, 0), file(9, 10 * GiB)]);
  host.use.set(b, [file(2, 200 * MiB)]);
  host.room.freeBytes = host.room.reservedBytes / 2;
  await host.keeper.look();
  expect(host.held).toEqual([b]);
});

/** Guest `a` has what each look finds of its disk; half of the reserve is left at the last one. */
async function lookAt(
  host: ReturnType<typeof makeHost>,
  looks: readonly Pick<MachineFile, 'bytes' | 'isBeingFilled'>[],
): Promise<void> {
  for (const [at, look] of looks.entries()) {
    host.use.set(a, [{ ...file(1, 0), ...look }]);
    host.use.set(b, [file(2, at * MiB)]);
    if (at === looks.length - 1) host.room.freeBytes = host.room.reservedBytes / 2;
    await host.keeper.look();
    await host.clock.advance(secondMs);
  }
}

test("what a volume grows while it is filled is not its guest's growth, also a moment later", async () => {
  const host = makeHost();
  await lookAt(host, [
    { bytes: 0 },
    { bytes: GiB, isBeingFilled: true },
    { bytes: 2 * GiB, isBeingFilled: true },
    { bytes: 3 * GiB },
    { bytes: 3 * GiB },
  ]);
  expect(host.tried).toEqual(['hold i-b']);
});

test('a guest that grows after its volume was filled is paused', async () => {
  const host = makeHost();
  await lookAt(host, [
    { bytes: GiB, isBeingFilled: true },
    { bytes: 2 * GiB },
    { bytes: 2 * GiB + 100 * MiB },
  ]);
  expect(host.held).toEqual([a]);
});

test('below the floor a volume that is still filled counts, as nobody else would stop its guest', async () => {
  const host = makeHost();
  const filled = (bytes: number) => ({ bytes, isBeingFilled: true });
  await lookAt(host, [filled(0), filled(300 * MiB)]);
  expect(host.held).toEqual([b]);
  host.room.freeBytes -= 1;
  await host.keeper.look();
  expect(host.held).toEqual([b, a]);
});

test('a volume that is attached once more is no growth since the first time', async () => {
  const host = makeHost();
  const ofA = (files: readonly MachineFile[]) => host.use.set(a, files);
  for (const files of [[file(1, 0)], [], [file(1, GiB)]]) {
    ofA(files);
    await host.keeper.look();
    await host.clock.advance(secondMs);
  }
  host.room.freeBytes = host.room.reservedBytes / 2;
  await host.keeper.look();
  expect(host.tried).toEqual([]);
});

test('who fills one of two disks is paused, and goes on when both have room', async () => {
  const host = makeHost();
  const logs = { ...host.room, device: 2, path: '/data/instances' };
  host.rooms.push(logs);
  const write = (ofA: number, ofB: number) => {
    host.use.set(a, [file(1, ofA), file(1, 0, 2)]);
    host.use.set(b, [file(2, 0), file(2, ofB, 2)]);
  };
  write(0, 0);
  await host.keeper.look();
  await host.clock.advance(secondMs);
  write(900 * MiB, 300 * MiB);
  logs.freeBytes = logs.reservedBytes / 2;
  await host.keeper.look();
  expect(host.held).toEqual([b]);
  logs.freeBytes = 3 * GiB;
  host.room.freeBytes = host.room.reservedBytes;
  write(1800 * MiB, 300 * MiB);
  await host.clock.advance(10 * secondMs);
  await host.keeper.look();
  expect(host.held).toEqual([b, a]);
  await host.clock.advance(10 * secondMs);
  await host.keeper.look();
  expect(host.held).toEqual([b, a]);
  host.room.freeBytes = 3 * GiB;
  await host.keeper.look();
  expect(host.held).toEqual([b]);
});
