import type { TimestampMs } from '@bakehouse/base';
import type { BlockMapId, Instance, InstanceId, MachineBoot, ReadCounts } from '@bakehouse/domain';
import { launchMark } from '../workflows/launch-marks.ts';
import { bootReads, type DiskReads, type LoginReads } from './boot-reads.ts';
import { consoleLines } from './console-lines.ts';
import {
  type GuestMark,
  guestMarkNames,
  guestMarkNamesOfCopies,
  guestMarks,
  kernelStart,
} from './guest-marks.ts';

/** Whose clock a time is from, and how it was had. */
type BootSource = 'server' | 'console' | 'guest';

/** One moment of a start. */
interface BootEvent {
  readonly name: string;
  readonly at: TimestampMs;
  /**
   * `server`: this server's own clock. `console`: this server saw the guest's line. `guest`: the guest wrote how long
   * its kernel had run, counted from the kernel's start as the console shows it.
   */
  readonly source: BootSource;
  /** The moment may be this much earlier. */
  readonly precisionMs?: number;
  /** What was read through the block server since the event before. Absent where nothing is known of reads. */
  readonly reads?: ReadCounts;
}

/** A stage whose time is not known, and why. */
interface UnknownStage {
  readonly name: string;
  readonly why: string;
}

export interface BootTimeline {
  readonly generation: number;
  /** The instance that it went on from. */
  readonly forkedFrom?: { readonly instanceId: InstanceId; readonly pauseMs?: number };
  /** Why it booted, where it was to go on from a template. */
  readonly bootedBecause?: string;
  /** In the order of their times. */
  readonly events: readonly BootEvent[];
  readonly unknown: readonly UnknownStage[];
  /** The volumes that the machine was started with, as far as that is known. */
  readonly disks: readonly DiskReads[];
  /** What was read after the last event, in the first minutes. */
  readonly readsLater?: ReadCounts;
  readonly login?: LoginReads;
}

/** What the server's marks are for people. */
const serverNames: readonly (readonly [mark: string, name: string])[] = [
  [launchMark.began, 'committed'],
  [launchMark.hot, 'hot map found'],
  [launchMark.disks, 'overlays made'],
  [launchMark.rules, 'network policy applied'],
  [launchMark.network, 'network port made'],
  [launchMark.metadata, 'metadata published'],
];

/** Marks of what does not happen in every start. */
const optionalMarks: ReadonlySet<string> = new Set([launchMark.hot]);

const missingMark = 'another server, or an earlier run of this one, did it';

function serverEvents({ launchedAt, launchTimes, generation }: Instance) {
  const events: BootEvent[] = [{ name: 'request accepted', at: launchedAt, source: 'server' }];
  const unknown: UnknownStage[] = [];
  const times = launchTimes?.generation === generation ? launchTimes : undefined;
  if (!times) {
    const why = 'this start has not succeeded yet, or an earlier release made it';
    const names = serverNames.flatMap(([mark, name]) => (optionalMarks.has(mark) ? [] : [name]));
    for (const name of ['planned', ...names]) unknown.push({ name, why });
    return { events, unknown };
  }
  events.push({ name: 'planned', at: times.plannedAt, source: 'server' });
  for (const [mark, name] of serverNames) {
    const found = times.marks.find((each) => each.name === mark);
    if (found) events.push({ name, at: found.at, source: 'server' });
    else if (!optionalMarks.has(mark)) unknown.push({ name, why: missingMark });
  }
  return { events, unknown };
}

function guestEvent(
  { name, uptimeSeconds, arrival }: GuestMark,
  start: ReturnType<typeof kernelStart>,
): BootEvent | undefined {
  if (uptimeSeconds !== undefined && start) {
    const at = Math.round(start.at + uptimeSeconds * 1000);
    return { name, at, source: 'guest', precisionMs: start.precisionMs };
  }
  return arrival && { name, ...arrival, source: 'console' };
}

const silent = 'the guest has written no line of it to its serial console';
const unseen = 'no look at the console in time is recorded, as while the server is away';

const noMachine = 'no machine was started for it, or what was known of the machine is removed';

const restoredAtOf = ({ memory }: MachineBoot): TimestampMs | undefined =>
  memory && 'restoredAt' in memory ? memory.restoredAt : undefined;

function restoredEvents(boot: MachineBoot): BootEvent[] {
  const at = restoredAtOf(boot);
  if (at === undefined) return [];
  const isFork = boot.memory && 'forkOf' in boot.memory;
  const name = isFork ? 'memory of the fork restored' : "template's memory restored";
  return [{ name, at, source: 'server' }];
}

/** Only the first start goes on where another instance was. */
function forkedFrom({ forkedFrom: from, generation }: Instance): Pick<BootTimeline, 'forkedFrom'> {
  if (!from || generation !== 1) return {};
  const { instanceId, instant } = from;
  return { forkedFrom: { instanceId, ...(instant && { pauseMs: instant.pauseMs }) } };
}

const instantEvents = ({ forkedFrom: from, generation }: Instance): BootEvent[] =>
  from?.instant && generation === 1
    ? [{ name: `forked from ${from.instanceId}`, at: from.instant.at, source: 'server' }]
    : [];

/** Only the first start of a launch can go on from a template. The driver knows better than the plan. */
function bootedBecause(
  { fastLaunch, generation }: Instance,
  boot: MachineBoot | undefined,
): Pick<BootTimeline, 'bootedBecause'> {
  if (generation !== 1 || !fastLaunch) return {};
  if ('bootedBecause' in fastLaunch) return fastLaunch;
  const memory = boot?.generation === generation ? boot.memory : undefined;
  return memory && 'bootedBecause' in memory ? memory : {};
}

function machineEvents(boot: MachineBoot) {
  const events: BootEvent[] = [
    { name: 'QEMU started', at: boot.spawnedAt, source: 'server' },
    { name: "QEMU's monitor responded", at: boot.respondedAt, source: 'server' },
    ...restoredEvents(boot),
  ];
  const lines = consoleLines(boot);
  const restoredAt = restoredAtOf(boot);
  const start =
    restoredAt === undefined
      ? kernelStart(lines, boot.spawnedAt)
      : { at: restoredAt, precisionMs: 0 };
  const unknown: UnknownStage[] = [];
  const marks = guestMarks(lines, restoredAt !== undefined);
  const hasKernelLine = marks.some(({ name }) => name === 'kernel');
  // A kernel that is started with `quiet` writes no line, and its start is known all the same.
  if (start && !hasKernelLine && restoredAt === undefined)
    marks.push({ name: 'kernel', uptimeSeconds: 0 });
  for (const mark of marks) {
    const event = guestEvent(mark, start);
    if (event) events.push(event);
    else unknown.push({ name: mark.name, why: unseen });
  }
  const found = new Set(marks.map(({ name }) => name));
  const why = boot.console ? silent : 'its console is no longer kept';
  const expected = restoredAt === undefined ? guestMarkNames : guestMarkNamesOfCopies;
  unknown.push(...expected.filter((name) => !found.has(name)).map((name) => ({ name, why })));
  return { events, unknown };
}

const notAsked = 'the block server could not be asked for them, or the volume is not open yet';

/** Volumes whose reads go through the block server, which reports none of them. */
const unknownReads = (disks: readonly DiskReads[]): UnknownStage[] =>
  disks
    .filter(({ backing, reads }) => backing === 'store' && reads === undefined)
    .map(({ volumeId }) => ({ name: `reads of ${volumeId}`, why: notAsked }));

/**
 * What is known of an instance's last start. `boot` is its machine's; absent when its driver knows of none. `mapBlocks`
 * are how many blocks the maps behind its volumes have.
 */
export function bootTimeline(
  instance: Instance,
  boot: MachineBoot | undefined,
  mapBlocks: ReadonlyMap<BlockMapId, number> = new Map(),
): BootTimeline {
  const { generation } = instance;
  const server = serverEvents(instance);
  const started = boot?.generation === generation ? boot : undefined;
  const machine = started
    ? machineEvents(started)
    : { events: [], unknown: [{ name: 'QEMU started', why: noMachine }] };
  const seen = [...server.events, ...instantEvents(instance), ...machine.events];
  const events = seen.toSorted((a, b) => a.at - b.at);
  const { disks, byEvent, later, login } = bootReads(started ?? {}, events, mapBlocks);
  return {
    generation,
    ...forkedFrom(instance),
    ...bootedBecause(instance, boot),
    events: events.map((event, index) => {
      const reads = byEvent[index];
      return reads ? { ...event, reads } : event;
    }),
    unknown: [...server.unknown, ...machine.unknown, ...unknownReads(disks)],
    disks,
    ...(later && { readsLater: later }),
    ...(login && { login }),
  };
}
