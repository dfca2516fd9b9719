import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { BlockMapId, VolumeId } from '@bakehouse/domain';
import { readBytesIfExists, writeFileDurably } from '@bakehouse/host';

const keyBytes = 32;
/** Of the proof in a name: 128 bits. */
const proofCharacters = 32;

/** A map, as the disk that a machine reads it for; without a volume a tool of the platform reads it. */
interface NamedExport {
  readonly mapId: BlockMapId;
  readonly volumeId?: VolumeId;
}

/**
 * The names by which guests' QEMUs read maps: `MAP.VOLUME.PROOF`, or `MAP.PROOF`, which only the platform can make. A QEMU
 * that a guest has taken over knows the names of its own disks, and can neither list nor guess another's.
 */
export interface ExportNames {
  nameOf(named: NamedExport): string;
  /** What a name means; undefined for a name that the platform did not make. */
  meaningOf(name: string): NamedExport | undefined;
}

const namePattern = /^((map-[0-9a-f]{17})(?:\.(vol-[0-9a-f]{17}))?)\.([0-9a-f]{32})$/;

export function exportNames(key: Uint8Array): ExportNames {
  const proofOf = (claim: string) =>
    createHmac('sha256', key).update(claim).digest('hex').slice(0, proofCharacters);
  return {
    nameOf({ mapId, volumeId }) {
      const claim = volumeId === undefined ? mapId : `${mapId}.${volumeId}`;
      return `${claim}.${proofOf(claim)}`;
    },
    meaningOf(name) {
      const [, claim = '', mapId = '', volumeId, proof = ''] = namePattern.exec(name) ?? [];
      if (!isMapId(mapId)) return undefined;
      if (!timingSafeEqual(Buffer.from(proof), Buffer.from(proofOf(claim)))) return undefined;
      return isVolumeId(volumeId) ? { mapId, volumeId } : { mapId };
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

function isVolumeId(text: string | undefined): text is VolumeId {
  return text?.startsWith('vol-') === true;
}
