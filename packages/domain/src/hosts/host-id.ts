import { invariant, isResourceId } from '@bakehouse/base';
import type { HostId } from '../records/common.ts';

const idDigits = 17;

/** The host that has the data folder with this id, a UUID: `host-` and the UUID's first 17 hex digits. */
export function hostIdOf(folderId: string): HostId {
  const hostId = `host-${folderId.replaceAll('-', '').slice(0, idDigits)}`;
  invariant(isResourceId('host', hostId), `a data folder's id is a UUID, not ${folderId}`);
  return hostId;
}
