import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { BlockMapId } from '@bakehouse/domain';
import { readBytesIfExists, writeFileDurably } from '@bakehouse/host';

const keyBytes = 32;
/** Of the proof in a name: 128 bits. */
const proofCharacters = 32;

/**
 * The names by which guests' QEMUs read maps: `MAP.PROOF`, which only the platform can make. A QEMU that a guest has
 * taken over knows the names of its own disks, and can neither list nor guess another's.
 */
export interface ExportNames {
  nameOf(mapId: BlockMapId): string;
  /** The map that a name means; undefined for a name that the platform did not make. */
  mapOf(name: string): BlockMapId | undefined;
}

export function exportNames(key: Uint8Array): ExportNames {
  const proofOf = (mapId: string) =>
    createHmac('sha256', key).update(mapId).digest('hex').slice(0, proofCharacters);
  return {
    nameOf: (mapId) => `${mapId}.${proofOf(mapId)}`,
    mapOf(name) {
      const [, mapId = '', proof = ''] = /^(map-[0-9a-f]{17})\.([0-9a-f]{32})$/.exec(name) ?? [];
      if (!isMapId(mapId)) return undefined;
      return timingSafeEqual(Buffer.from(proof), Buffer.from(proofOf(mapId))) ? mapId : undefined;
    },
  };
}

/** The key of a platform, made at its first use. Machines that run know names made with it, so it stays. */
export async function readExportKey(path: string): Promise<Uint8Array> {
  const found = await readBytesIfExists(path);
  if (found?.length === keyBytes) return found;
  const made = randomBytes(keyBytes);
  await writeFileDurably(path, made);
  return made;
}

function isMapId(text: string): text is BlockMapId {
  return text.startsWith('map-');
}
