import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Clock, MiB } from '@bakehouse/base';
import {
  type ForkedMachine,
  type ForkResult,
  type InstanceId,
  type MachineSpec,
  MemoryNotKeptError,
} from '@bakehouse/domain';
import { copyLargeFile, isDiskFull, syncPath } from '@bakehouse/host';
import type { QmpClient } from '@bakehouse/qmp';
import type { ComputeContext } from './compute-options.ts';
import { readConsoleSince } from './console-since.ts';
import { endMachine } from './end-machine.ts';
import { endForkIn, type ForkGuestOptions, forkGuest, slotsOf } from './fork-guest.ts';
import { secretsIn } from './guest-secrets.ts';
import { saveMemory } from './keep-memory.ts';
import { hardwareOf, type KeptFacts, readMemoryFacts, writeMemoryFacts } from './kept-memory.ts';
import { machineFileNames, machineFolder } from './machine-files.ts';
import { machineKeeper } from './machine-keeper.ts';
import type { MachineSession } from './machine-session.ts';
import { qemuBuildOf, runStateOf } from './monitor.ts';

/** What is kept of a guest takes no more: a page has 8 bytes of its own, and devices, with the screen, some 20 MiB. */
const keptBytesMax = (memoryMiB: number): number => memoryMiB * MiB * (1 + 1 / 256) + 64 * MiB;
/** A guest that runs changes pages that were sent. One that changes more is not caught up with. */
const rounds = 3;

/** Whether the memory of a template's guest is whole. */
export const isKept = async (folder: string): Promise<boolean> =>
  (await readMemoryFacts(folder)) !== undefined;

interface Keeping {
  readonly spec: MachineSpec;
  readonly deadline: number;
  readonly signal: AbortSignal;
  readonly holding: (work: () => Promise<void>) => Promise<void>;
}

/** Stops the guest and keeps its memory in the machine's folder, unless that is done; then the machine ends. */
export async function keepGuest(
  context: ComputeContext,
  session: MachineSession | undefined,
  { spec, deadline, signal, holding }: Keeping,
): Promise<void> {
  const { accelerator, directory, clock, users, room, limits } = context;
  const folder = machineFolder(directory, spec.instanceId);
  if (!(await isKept(folder))) {
    if (!session) throw new MemoryNotKeptError('its guest ended while it booted');
    const client = await session.client();
    await saveMemory(client, {
      halt: () => holding(() => session.hold.halt(client)),
      ...{ folder, user: await users.of(folder), clock, deadline, signal },
      ...{ room, freeBytesMin: limits.spaceNeededBytes },
      bytesMax: keptBytesMax(spec.memoryMiB),
    });
    const hardware = await hardwareOf(spec, accelerator);
    await writeMemoryFacts(folder, { hardware, qemuBuild: await qemuBuildOf(client) });
  }
  if (session) await endMachine(session, context);
}

interface Forking {
  readonly spec: MachineSpec;
  readonly forks: readonly ForkedMachine[];
  readonly limitMs: number;
  readonly signal: AbortSignal;
  readonly holding: (work: () => Promise<void>) => Promise<void>;
}

/** See `GuestForker.fork`. What one that fails has left is for the caller to end. */
export async function keepForks(
  context: ComputeContext,
  session: MachineSession | undefined,
  forking: Forking,
): Promise<ForkResult> {
  if (!session) throw new MemoryNotKeptError('its machine does not run');
  const { clock, accelerator } = context;
  const deadline = clock.elapsed() + forking.limitMs;
  const { machine, result } = await keepInstant(context, session, forking);
  const qemuBuild = await qemuBuildOf(await session.client());
  const facts = { hardware: await hardwareOf(forking.spec, accelerator), qemuBuild, ...machine };
  const limitMs = deadline - clock.elapsed();
  await withinLimit(clock, { limitMs, signal: forking.signal }, (signal) =>
    handOut(context, { ...forking, facts, signal }),
  ).catch((error: unknown) => {
    if (!isDiskFull(error)) throw error;
    throw new MemoryNotKeptError('the disk got full', { cause: error });
  });
  return result;
}

/** Does work that ends by its signal when it takes too long. */
async function withinLimit(
  clock: Clock,
  { limitMs, signal }: { readonly limitMs: number; readonly signal: AbortSignal },
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const done = new AbortController();
  const late = new AbortController();
  const tooLate = () => late.abort(new MemoryNotKeptError('its copies were not made in time'));
  clock.sleep(Math.max(0, limitMs), done.signal).then(tooLate, () => {});
  try {
    await work(AbortSignal.any([signal, late.signal]));
  } catch (error) {
    // A stream that is ended by a signal rejects with an error of its own.
    late.signal.throwIfAborted();
    signal.throwIfAborted();
    throw error;
  } finally {
    done.abort();
  }
}

/** Keeps memory and disks for the first fork. When this has ended, nothing of it is left in the machine. */
async function keepInstant(
  context: ComputeContext,
  session: MachineSession,
  forking: Forking,
): Promise<{
  readonly machine: Pick<KeptFacts, 'slots' | 'secrets'>;
  readonly result: ForkResult;
}> {
  const { forks, spec } = forking;
  const client = await session.client();
  await endForksIn(context, session, forks);
  await takeCopies(context, session, forks);
  const folder = machineFolder(context.directory, spec.instanceId);
  const { resets } = session;
  const machine = await checkForkable(client, { session, spec, folder });
  const refusal = () => {
    if (!session.hold.mayGoOn) return 'its guest was paused meanwhile';
    return session.resets === resets ? undefined : 'its guest was reset meanwhile';
  };
  const result = await forkInto(context, { ...forking, client, refusal });
  await endForksIn(context, session, forks);
  await takeCopies(context, session, forks);
  return { machine, result };
}

const secretsOf = async (folder: string): Promise<string | undefined> =>
  secretsIn(await readConsoleSince(folder));

/** See `GuestForker.forkRefusal`. */
export async function forkRefusal(folder: string): Promise<string | undefined> {
  return (await secretsOf(folder)) === undefined ? notForkable : undefined;
}

const notForkable =
  'its console does not say that the guest can become another instance, as Bakehouse Linux baked by this release does when it has booted: wait until a guest that boots has; where the console was too long to be kept, stop and start the instance';

async function checkForkable(
  client: QmpClient,
  { session, spec, folder }: { session: MachineSession; spec: MachineSpec; folder: string },
): Promise<Pick<KeptFacts, 'slots' | 'secrets'>> {
  await session.hold.known();
  const state = await runStateOf(client);
  await session.resetNoted;
  if (state !== 'running') throw new MemoryNotKeptError(`its guest does not run: it is ${state}`);
  if (spec.ephemeralDisks.length > 0) throw new MemoryNotKeptError('it has instance-store disks');
  const secrets = await secretsOf(folder);
  if (secrets === undefined) throw new MemoryNotKeptError(notForkable);
  return { slots: await slotsOf(client, spec), secrets };
}

async function forkInto(
  { clock, directory, disks, limits, room, users }: ComputeContext,
  forking: Forking & Pick<ForkGuestOptions, 'refusal'> & { readonly client: QmpClient },
): Promise<ForkResult> {
  const { spec, forks, client, limitMs, signal, holding, refusal } = forking;
  const { instanceId, memoryMiB } = spec;
  const deadline = clock.elapsed() + limitMs;
  const [first] = forks;
  if (!first) throw new RangeError('a fork is of one machine or more');
  const folder = machineFolder(directory, instanceId);
  const path = memoryIn(directory, first.instanceId);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const copies = await Promise.all(
    first.disks.map(async (disk) => ({
      ...disk,
      chain: await disks.give(disk.copyId, instanceId),
    })),
  );
  const volumeIds = new Set(copies.map(({ volumeId }) => volumeId));
  const { stoppedAtMs, pauseMs } = await forkGuest(client, {
    ...{ folder, path, clock, deadline, signal, holding, disks: copies, room },
    ...{ user: await users.of(folder), bytesMax: rounds * keptBytesMax(memoryMiB) },
    freeBytesMin: limits.spaceNeededBytes,
    refusal,
    writeBack: async () => {
      await Promise.all([...volumeIds].map((volumeId) => disks.writeBack(volumeId)));
    },
  });
  const { size } = await stat(path);
  return { at: Math.round(stoppedAtMs), pauseMs, memoryBytes: size };
}

interface Handing extends Pick<Forking, 'forks' | 'spec' | 'signal'> {
  readonly facts: KeptFacts;
}

/** Each fork gets memory of its own, which goes with its folder, and disks that are on the host's disk. */
async function handOut(
  context: ComputeContext,
  { forks, spec, facts, signal }: Handing,
): Promise<void> {
  const { directory, disks } = context;
  const [first, ...others] = forks.map(({ instanceId }) => memoryIn(directory, instanceId));
  await checkRoomForCopies(context, spec.instanceId, { memory: `${first}`, count: others.length });
  for (const path of others) {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await copyLargeFile(`${first}`, path, { signal });
    await syncPath(path);
  }
  for (const [at, { disks: copies }] of forks.entries()) {
    for (const { volumeId, copyId } of copies) {
      signal.throwIfAborted();
      const source = forks[0]?.disks.find((disk) => disk.volumeId === volumeId)?.copyId;
      if (at > 0 && source !== undefined) await disks.copy(source, copyId, { signal });
      await disks.writeBack(copyId);
    }
  }
  signal.throwIfAborted();
  for (const { instanceId } of forks) {
    await writeMemoryFacts(machineFolder(directory, instanceId), facts);
  }
}

/** The first fork's disks take what the guest's own do. */
async function checkRoomForCopies(
  { disks, room, limits }: ComputeContext,
  instanceId: InstanceId,
  { memory, count }: { readonly memory: string; readonly count: number },
): Promise<void> {
  if (count === 0) return;
  const { dev, blocks } = await stat(memory);
  const files = [{ device: dev, bytes: blocks * 512 }, ...(await disks.files(instanceId))];
  for (const { path, device, freeBytes, reservedBytes } of await room.look()) {
    const ofOne = files.filter((file) => file.device === device);
    const needed = count * ofOne.reduce((sum, { bytes }) => sum + bytes, 0);
    const roomBytes = freeBytes - reservedBytes - limits.spaceNeededBytes;
    if (needed <= Math.max(0, roomBytes)) continue;
    throw new MemoryNotKeptError(
      `the disk of ${path} has room for ${Math.floor(roomBytes / MiB)} MiB beside its reserve, and the other forks need ${Math.ceil(needed / MiB)} MiB`,
    );
  }
}

const memoryIn = (directory: string, instanceId: InstanceId): string =>
  join(machineFolder(directory, instanceId), machineFileNames.memory);

/** Ends what these forks, and others before, have left in QEMU. */
export async function endForksIn(
  { clock, limits }: ComputeContext,
  session: MachineSession,
  forks: readonly ForkedMachine[],
): Promise<void> {
  await session.hold.known();
  await endForkIn(await session.client(), {
    copyIds: forks.flatMap(({ disks }) => disks.map(({ copyId }) => copyId)),
    clock,
    mayGoOn: () => session.hold.mayGoOn,
    limitMs: limits.commandMs,
  });
}

/** The machine has no way to the copies any more; one that has them open still writes into them. */
export async function takeCopies(
  { disks }: ComputeContext,
  { record }: MachineSession,
  forks: readonly ForkedMachine[],
): Promise<void> {
  for (const { copyId } of forks.flatMap((fork) => fork.disks)) {
    await disks.take(copyId, record.instanceId);
  }
}

/** Removes what is kept for machines that have not begun. */
export async function forgetForks(
  { directory }: ComputeContext,
  forks: readonly ForkedMachine[],
): Promise<void> {
  for (const { instanceId } of forks) await machineKeeper(directory).forget(instanceId);
}
