import type { BlockSource, ByteRange } from '@bakehouse/domain';
import type { BlockSourceAddress } from '@bakehouse/host';
import { allocationFlag, baseAllocation } from '../codec/constants.ts';
import { connectNbd } from './connect-nbd.ts';
import type { NbdClient } from './nbd-client.ts';

export type NbdAddress = Extract<BlockSourceAddress, { kind: 'nbd' }>;

type IsChanged = (flags: number) => boolean;

/** "Metadata namespaces" in QEMU's docs/interop/nbd.txt. */
const dirtyBitmapPrefix = 'qemu:dirty-bitmap:';
const dirtyFlag = 1;
const allocationDepth = 'qemu:allocation-depth';
/** Depth 0 is allocated nowhere, 1 in the top of the chain, more in what backs it. */
const topDepth = 1;

/**
 * A disk behind NBD as the source of a capture. The metadata context `address.changedContext`, which the server
 * must grant, says what changed. Aborting the signal ends the connection and rejects reads in flight.
 */
export async function openNbdBlockSource(
  address: NbdAddress,
  signal?: AbortSignal,
): Promise<BlockSource> {
  const { socketPath, exportName, changedContext, changedDepthMax = topDepth } = address;
  const isChanged = changeTestOf(changedContext, changedDepthMax);
  const client = await connectNbd({
    socketPath,
    exportName,
    metaContexts: [changedContext],
    ...(signal === undefined ? {} : { signal }),
  });
  if (!client.contexts.has(changedContext)) {
    await client.close();
    throw new Error(
      `export '${exportName}' at ${socketPath} does not offer '${changedContext}': ` +
        'is the bitmap exported, or allocation depth switched on?',
    );
  }
  return {
    sizeBytes: client.sizeBytes,
    changedRanges: (rangesSignal) => changedRanges(client, changedContext, isChanged, rangesSignal),
    read: (offset, lengthBytes) => client.read(offset, lengthBytes),
    close: () => client.close(),
  };
}

/** Which flags of the context mean that the bytes may differ from the capture's base. */
function changeTestOf(context: string, changedDepthMax: number): IsChanged {
  if (context === baseAllocation) return (flags) => (flags & allocationFlag.zero) === 0;
  if (context === allocationDepth) {
    return (depth) => depth >= topDepth && depth <= changedDepthMax;
  }
  if (context.startsWith(dirtyBitmapPrefix)) return (flags) => (flags & dirtyFlag) !== 0;
  throw new Error(
    `'${context}' does not say what changed; use ${dirtyBitmapPrefix}NAME, ${allocationDepth} or ${baseAllocation}`,
  );
}

async function* changedRanges(
  client: NbdClient,
  context: string,
  isChanged: IsChanged,
  signal: AbortSignal | undefined,
): AsyncGenerator<ByteRange> {
  let changed: ByteRange | undefined;
  for await (const { offset, lengthBytes, flags } of client.blockStatus(context, signal)) {
    if (!isChanged(flags)) {
      if (changed !== undefined) yield changed;
      changed = undefined;
      continue;
    }
    // Different flags may both mean changed: adjacent ranges are joined.
    changed = {
      offset: changed?.offset ?? offset,
      lengthBytes: (changed?.lengthBytes ?? 0) + lengthBytes,
    };
  }
  if (changed !== undefined) yield changed;
}
