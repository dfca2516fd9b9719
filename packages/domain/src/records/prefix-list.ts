import type { PrefixListId, Resource } from './common.ts';

/** Ranges with a name, for rules of security groups and for routes. */
export interface PrefixList extends Resource<PrefixListId> {
  readonly name: string;
  readonly addressFamily: 'IPv4' | 'IPv6';
  readonly maxEntries: number;
  /** Grows with each change of the entries, from 1. */
  readonly version: number;
  readonly entries: readonly PrefixListEntry[];
  readonly earlierVersions?: readonly {
    readonly version: number;
    readonly entries: readonly PrefixListEntry[];
  }[];
}

export interface PrefixListEntry {
  readonly cidr: string;
  readonly description?: string;
}
