import type { Clock } from '@bakehouse/base';
import {
  type ForkedMachine,
  type MachineSpec,
  MemoryNotKeptError,
  type VolumeId,
} from '@bakehouse/domain';
import {
  isJsonObject,
  type JsonObject,
  type QemuBlockdevs,
  type QmpClient,
  type QmpEvent,
} from '@bakehouse/qmp';
import { MachineUnresponsiveError } from './compute-errors.ts';
import { beginMirror, endMirrors, fixMirrors, mirrorsReady } from './disk-mirrors.ts';
import { EventWatch } from './event-watch.ts';
import { diskDeviceId } from './guest-disk.ts';
import { machineFileNames } from './machine-files.ts';
import { type MemoryFileOptions, writeMemoryFile } from './memory-file.ts';
import { migrateTo, migrationOf } from './migration.ts';
import { runStateOf } from './monitor.ts';
import { firstCard } from './network-card.ts';

type CopiedDisk = ForkedMachine['disks'][number];

/** QEMU stops the guest when it expects to write the rest of the memory within this. */
const lastRoundMs = 30;
/**
 * A guest that would stand still for longer goes on, and is not forked. It counts from when QEMU waits for us: what it
 * flushes before cannot be given up.
 */
const pauseMsMax = 2000;
/** Between two times that the disks are written back, so that little is left when the guest is stopped. */
const writeBackEveryMs = 100;
const pollMs = 20;

/** A migration that is in one of these has not ended. */
const underWay: readonly unknown[] = [
  'setup',
  'active',
  'pre-switchover',
  'device',
  'cancelling',
  'wait-unplug',
];

export interface ForkGuestOptions extends MemoryFileOptions {
  readonly disks: readonly (CopiedDisk & { readonly chain: QemuBlockdevs })[];
  /** Writes what the guest has written to its disks to the host's disk. */
  readonly writeBack: () => Promise<void>;
  /** Does the work while nobody pauses the guest or lets it go on. */
  readonly holding: (work: () => Promise<void>) => Promise<void>;
  /** Why the guest of this moment is not to be copied after all. */
  readonly refusal: () => string | undefined;
}

interface Instant {
  /** By QEMU's clock. */
  readonly stoppedAtMs: number;
  readonly pauseMs: number;
}

/**
 * Copies the guest's memory, into a file, and its disks while it runs, and stops it for what has changed last. The disks
 * are copied by mirrors that end while the guest is stopped; memory and devices by a migration that waits there for that.
 * The guest goes on as soon as QEMU has sent all. Rejects with MemoryNotKeptError; `endForkIn` sets the machine right.
 */
export async function forkGuest(client: QmpClient, options: ForkGuestOptions): Promise<Instant> {
  const { clock, disks } = options;
  const pauses: Instant[] = [];
  using watch = new EventWatch(client);
  await writeMemoryFile(options, async (signal) => {
    for (const { chain, ...disk } of disks) await beginMirror(client, disk, chain);
    await mirrorsReady(client, disks, { watch, clock, signal });
    await useMigration(client, { events: true, 'pause-before-switchover': true });
    await client.execute('migrate-set-parameters', { 'downtime-limit': lastRoundMs });
    await options.writeBack();
    await migrateTo(client, machineFileNames.memorySocket);
    const stop = await stopped(watch, { ...options, signal });
    assertWanted(options);
    await inPause(clock, signal, (signal) =>
      options.holding(async () => {
        await fixMirrors(client, disks, { watch, signal });
        signal.throwIfAborted();
        await client.execute('migrate-continue', { state: 'pre-switchover' });
        await migrationReaches(watch, 'completed', signal);
        assertWanted(options);
        await goOn(client, clock, signal);
      }),
    );
    pauses.push(await pauseIn(watch, stop, signal));
  });
  const [pause] = pauses;
  if (!pause) throw new Error('a fork that succeeds has stopped its guest');
  return pause;
}

function assertWanted({ refusal }: Pick<ForkGuestOptions, 'refusal'>): void {
  const why = refusal();
  if (why !== undefined) throw new MemoryNotKeptError(why);
}

/** Gives up, at once, when the guest has been paused for too long; what is under way sees that by its signal. */
async function inPause(
  clock: Clock,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const done = new AbortController();
  const tooLong = Promise.withResolvers<never>();
  const late = new AbortController();
  clock.sleep(pauseMsMax, done.signal).then(
    () => late.abort(new MemoryNotKeptError(`its guest was paused for more than ${pauseMsMax} ms`)),
    () => {},
  );
  const signal = AbortSignal.any([outer, late.signal]);
  signal.throwIfAborted();
  signal.addEventListener('abort', () => tooLong.reject(signal.reason));
  // The machine's lock may be another's for longer than that.
  const working = work(signal);
  working.catch(() => {});
  try {
    await Promise.race([working, tooLong.promise]);
  } finally {
    done.abort();
  }
}

/** Resolves when the guest is stopped, to when it was. The less the disks have to write then, the shorter it is. */
async function stopped(
  watch: EventWatch,
  { clock, writeBack, signal }: Pick<ForkGuestOptions, 'clock' | 'writeBack' | 'signal'>,
): Promise<QmpEvent> {
  const done = new AbortController();
  const writing = (async () => {
    while (!done.signal.aborted) {
      await writeBack();
      await clock.sleep(writeBackEveryMs, done.signal).catch(() => {});
    }
  })();
  // A disk that cannot be written back makes the pause longer, and is the guest's own to report.
  writing.catch(() => {});
  try {
    await migrationReaches(watch, 'pre-switchover', signal);
    const stop = watch.last(({ event }) => event === 'STOP');
    if (!stop) throw new MemoryNotKeptError('its guest did not run');
    return stop;
  } finally {
    done.abort();
  }
}

async function migrationReaches(
  watch: EventWatch,
  status: string,
  signal: AbortSignal,
): Promise<QmpEvent> {
  const ends = [status, 'failed', 'cancelled'];
  const reached = await watch.until(
    ({ event, data }) => event === 'MIGRATION' && ends.includes(`${data.status}`),
    { signal },
  );
  if (reached.data.status !== status) {
    throw new MemoryNotKeptError(`QEMU could not write its memory: ${reached.data.status}`);
  }
  return reached;
}

/** QEMU says that it has sent all a moment before the guest may go on. */
async function goOn(client: QmpClient, clock: Clock, signal: AbortSignal): Promise<void> {
  while ((await runStateOf(client)) === 'finish-migrate') await clock.sleep(1, signal);
  signal.throwIfAborted();
  await client.execute('cont');
}

async function pauseIn(watch: EventWatch, stop: QmpEvent, signal: AbortSignal): Promise<Instant> {
  const resumed = await watch.until(({ event }) => event === 'RESUME', { signal, after: stop });
  const pauseMs = Math.round((resumed.timestampMs - stop.timestampMs) * 10) / 10;
  return { stoppedAtMs: stop.timestampMs, pauseMs };
}

/** Later migrations find these as they were. */
async function useMigration(
  client: QmpClient,
  capabilities: Readonly<Record<string, boolean>>,
): Promise<void> {
  const list = Object.entries(capabilities).map(([capability, state]) => ({ capability, state }));
  await client.execute('migrate-set-capabilities', { capabilities: list });
}

interface EndOptions {
  readonly clock: Clock;
  /** Whether nobody has stopped the guest for a reason of its own. */
  readonly mayGoOn: () => boolean;
  readonly copyIds: readonly VolumeId[];
  /** For all that QEMU ends in the background. */
  readonly limitMs: number;
}

/**
 * Ends what forks have left in the machine, in whatever state it is; its guest goes on. Repeatable. Rejects with
 * MachineUnresponsiveError when QEMU does not end it in time.
 */
export async function endForkIn(
  client: QmpClient,
  { copyIds, clock, mayGoOn, limitMs }: EndOptions,
): Promise<void> {
  const deadline = clock.elapsed() + limitMs;
  // It loads memory, so it was never forked, and that is no migration to end.
  if ((await runStateOf(client)) === 'inmigrate') return;
  while (underWay.includes((await migrationOf(client)).status)) {
    if (clock.elapsed() >= deadline) {
      throw new MachineUnresponsiveError('QEMU does not end the copy of the memory');
    }
    await client.execute('migrate_cancel');
    await clock.sleep(pollMs);
  }
  // The guest first: nothing that QEMU may refuse below keeps it stopped.
  while ((await runStateOf(client)) === 'finish-migrate') {
    if (clock.elapsed() >= deadline) {
      throw new MachineUnresponsiveError('QEMU does not end the copy of the memory');
    }
    await clock.sleep(pollMs);
  }
  if ((await runStateOf(client)) === 'postmigrate' && mayGoOn()) await client.execute('cont');
  await useMigration(client, { events: false, 'pause-before-switchover': false });
  await endMirrors(client, copyIds, { clock, deadline });
}

/**
 * The PCI slots of the machine's card and of its disks, in their order: memory is only good for devices in the same slots.
 * Rejects with MemoryNotKeptError when the machine has others than those of the spec.
 */
export async function slotsOf(client: QmpClient, spec: MachineSpec): Promise<readonly number[]> {
  const slots = slotsIn(await client.execute('query-pci'));
  const disks = spec.disks.map(({ volumeId }) => diskDeviceId(volumeId));
  const known = [firstCard.device, ...disks];
  const other = [...slots.keys()].find((id) => /^(d|n)-/.test(id) && !known.includes(id));
  if (other !== undefined) throw new MemoryNotKeptError(`it has another device: ${other}`);
  return known.map((id) => {
    const slot = slots.get(id);
    if (slot === undefined) throw new MemoryNotKeptError(`it has no device ${id}`);
    return slot;
  });
}

function slotsIn(reply: unknown): ReadonlyMap<string, number> {
  const objects = (value: unknown): readonly JsonObject[] =>
    Array.isArray(value) ? value.filter(isJsonObject) : [];
  const devices = objects(reply).flatMap(({ devices }) => objects(devices));
  return new Map(devices.map(({ qdev_id: id, slot }) => [`${id}`, Number(slot)]));
}
