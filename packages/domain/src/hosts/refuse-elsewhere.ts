import { type ApiError, apiError } from '../errors/api-error.ts';
import type { HostId, Placed } from '../records/common.ts';

const elsewhere = (what: string, hostId: HostId, here: HostId): ApiError =>
  apiError('Unavailable', {
    message: `${what} the host ${hostId}, and this server is that of ${here}; start the server with the data folder of ${hostId}`,
  });

/** Throws `Unavailable` for what is on another host than `here`, whose drivers cannot act on it. */
export function refuseElsewhere(
  { id, hostId }: Placed & { readonly id: string },
  here: HostId,
): void {
  if (hostId !== here) throw elsewhere(`${id} is on`, hostId, here);
}

/** Throws `Unavailable` for work that needs the drivers of another host than `here`; its lanes name what it is on. */
export function refuseWorkElsewhere(
  { lanes, hostId }: Placed & { readonly lanes: readonly string[] },
  here: HostId,
): void {
  if (hostId !== here) throw elsewhere(`the work on ${lanes.join(', ')} needs`, hostId, here);
}
