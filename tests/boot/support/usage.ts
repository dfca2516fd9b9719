import type { AdminResult } from '@bakehouse/admin-api';
import { adminClient } from '@bakehouse/aws-wire';
import type { Platform } from './platform.ts';

export type Usage = AdminResult<'Usage'>;

function adminOf({ endpoint, region, accessKeyId, secretAccessKey }: Platform) {
  return adminClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
}

export async function readUsage(platform: Platform): Promise<Usage> {
  return await adminOf(platform).call('Usage', {});
}

export async function prune(platform: Platform): Promise<void> {
  await adminOf(platform).call('Prune', {});
}

/**
 * What the platform has on the host without a record that names it, as `bakehouse doctor` asks.
 * A `namespace` is the network of another, deleted data folder.
 */
export async function leftovers(platform: Platform): Promise<readonly object[]> {
  const found = (await adminOf(platform).call('Leftovers', {})).leftovers;
  return found.filter(({ kind }) => kind !== 'namespace');
}

/** Reads every chunk and map of the block store. */
export async function verify(platform: Platform): Promise<AdminResult<'Verify'>> {
  return await adminOf(platform).call('Verify', {});
}
