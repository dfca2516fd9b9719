import type { TimestampMs } from '@bakehouse/base';

/** Remembers that an id existed, where EC2 returns different errors for "gone" and "never was". */
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

/** The setting that says which data folder the records belong to. */
export const dataFolderSetting = 'data-folder';

/** The setting that names the key of the SecureStrings. */
export const parameterKeySetting = 'parameter-key';
