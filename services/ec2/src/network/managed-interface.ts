import { apiError, type NetworkInterface } from '@bakehouse/domain';

/** Refuses to change an interface that belongs to a NAT gateway, in EC2's words. */
export function refuseManagedInterface({ kind }: NetworkInterface): void {
  if (kind !== 'nat_gateway') return;
  throw apiError('AuthFailure', {
    message: 'You do not have permission to access the specified resource.',
  });
}
