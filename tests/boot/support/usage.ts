import { adminClient } from '@bakehouse/aws-wire';
import type { Platform } from './platform.ts';

export interface Usage {
  readonly rows: readonly { kind: string; id: string; sizeBytes: number; uniqueBytes: number }[];
  readonly overlays: readonly { volumeId: string; localBytes: number }[];
  readonly store: {
    readonly liveBytes: number;
    readonly reclaimableBytes: number;
    readonly overheadBytes: number;
    readonly onDiskBytes: number;
  };
}

async function lastOf(platform: Platform, operation: string): Promise<unknown> {
  const { endpoint, region, accessKeyId, secretAccessKey } = platform;
  const client = adminClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
  let last: unknown;
  for await (const event of client.callStreaming(operation, {})) last = event;
  return last;
}

export async function readUsage(platform: Platform): Promise<Usage> {
  return (await lastOf(platform, 'Usage')) as Usage;
}

export async function prune(platform: Platform): Promise<void> {
  await lastOf(platform, 'Prune');
}

/** What is on the host without a record that names it, as `bakehouse doctor` asks. */
export async function leftovers(platform: Platform): Promise<readonly object[]> {
  return ((await lastOf(platform, 'Leftovers')) as { leftovers: object[] }).leftovers;
}

/** Reads every chunk and map of the block store. */
export async function verify(
  platform: Platform,
): Promise<{ readonly problems: readonly object[] }> {
  return (await lastOf(platform, 'Verify')) as { problems: object[] };
}
