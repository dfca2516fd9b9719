import type { DiskBacking } from '@bakehouse/domain';
import type { QemuBlockdevs } from '@bakehouse/qmp';

/** What a disk has behind its overlay, by the nodes of its chain: an export, a file beside the overlay's, or nothing. */
export function backingOfChain(chain: QemuBlockdevs): DiskBacking {
  const drivers = chain.map(({ driver }) => driver);
  if (drivers.includes('nbd')) return 'store';
  return drivers.filter((driver) => driver === 'file').length > 1 ? 'hot' : 'none';
}
