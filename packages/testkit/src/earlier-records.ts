import { readFile } from 'node:fs/promises';
import type { RecordKind } from '@bakehouse/domain';

/** Schema versions of which there is a database. */
export type EarlierVersion = 1 | 2;

/**
 * The SQL of a metadata database that an earlier version wrote.
 * - 1: commit 9de58a1, with seeded images (encrypted ones, one without a mapping), a bake, instances, snapshots and images,
 *   and three pieces of work that its end interrupted.
 * - 2: commit fb4a786, with seeded images of every root and boot, an instance of each, and images made of instances and of a
 *   snapshot.
 */
export const readEarlierDatabase = (version: EarlierVersion): Promise<string> =>
  readFile(new URL(`earlier-records-${version}.sql`, import.meta.url), 'utf8');

/** Parts of VPCs: earlier versions had one of each for every VPC, without a record. */
const vpcPartKinds: readonly RecordKind[] = [
  'internetGateway',
  'routeTable',
  'networkAcl',
  'dhcpOptions',
];

/** How many records of a kind this version makes of those that an earlier one wrote. */
export function countAfterUpgrade(kind: RecordKind, earlier: ReadonlyMap<string, number>): number {
  return earlier.get(vpcPartKinds.includes(kind) ? 'vpc' : kind) ?? 0;
}
