import type { TimestampMs } from '@bakehouse/base';
import { type MachineBoot, noReads, type StartedDisk, type VolumeReads } from '@bakehouse/domain';
import { isJsonObject } from '@bakehouse/qmp';

/** Format 1 of `boot.json`; `arrivals` are a time, the bytes then, and the time of the look before. */
export interface BootRecord {
  readonly version: 1;
  readonly generation: number;
  readonly spawnedAt: TimestampMs;
  readonly respondedAt: TimestampMs;
  /** The size of `serial.log` at the start. */
  readonly consoleFrom: number;
  readonly arrivals: readonly (readonly [at: TimestampMs, bytes: number, since: TimestampMs])[];
  /** These two are absent in records of before. */
  readonly disks?: readonly StartedDisk[];
  readonly reads?: readonly VolumeReads[];
  readonly memory?: MachineBoot['memory'];
}

/** A block server that is started again and again must not make the record grow. */
const readsMax = 32;

/**
 * What is known of the reads of a start after one more look. A block server that was started again counts from zero, so
 * what the one before had counted stays beside it.
 */
export function mergedReads(
  before: readonly VolumeReads[],
  now: readonly VolumeReads[],
): readonly VolumeReads[] {
  const isSame = (left: VolumeReads, right: VolumeReads) =>
    left.volumeId === right.volumeId && left.since === right.since;
  const gone = before.filter((old) => !now.some((each) => isSame(old, each)));
  return [...gone, ...now].slice(-readsMax);
}

/** Undefined for what is no record. */
export function parseBootRecord(text: string | undefined): BootRecord | undefined {
  try {
    const value: unknown = JSON.parse(text ?? 'null');
    return isBootRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const numbers = ['generation', 'spawnedAt', 'respondedAt', 'consoleFrom'];
const countNames = Object.keys(noReads);

function isBootRecord(value: unknown): value is BootRecord {
  if (!isJsonObject(value) || value.version !== 1 || !Array.isArray(value.arrivals)) return false;
  const { disks = [], reads = [], memory } = value;
  if (memory !== undefined && !isMemory(memory)) return false;
  return hasNumbers(value, numbers) && isListOf(disks, isDisk) && isListOf(reads, isReads);
}

function isMemory(value: unknown): boolean {
  if (!isJsonObject(value)) return false;
  return typeof value.restoredAt === 'number' || typeof value.bootedBecause === 'string';
}

function isDisk(value: unknown): boolean {
  if (!isJsonObject(value) || typeof value.volumeId !== 'string') return false;
  return ['none', 'store', 'hot'].some((backing) => value.backing === backing);
}

function isReads(value: unknown): boolean {
  if (!isJsonObject(value)) return false;
  const { volumeId, mapId, total, spans } = value;
  const hasIds = typeof volumeId === 'string' && typeof mapId === 'string';
  return (
    hasIds &&
    hasNumbers(value, ['since']) &&
    hasNumbers(total, countNames) &&
    isListOf(spans, (span) => hasNumbers(span, ['from', 'to', ...countNames]))
  );
}

function isListOf(value: unknown, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every((item) => isItem(item));
}

function hasNumbers(value: unknown, names: readonly string[]): boolean {
  return isJsonObject(value) && names.every((name) => typeof value[name] === 'number');
}
