import type { TimestampMs } from '@bakehouse/base';

/** Remembers that an id existed, where EC2 answers differently for "gone" and "never was". */
export interface Tombstone {
  readonly id: string;
  readonly region: string;
  readonly ownerId: string;
  readonly deletedAt: TimestampMs;
}

/** Small facts about the platform itself, by name. */
export interface Setting {
  readonly id: string;
  readonly value: unknown;
}
