import { apiError } from '@bakehouse/domain';
import { oneOf } from '../../request/text.ts';

const tenancies = ['default', 'dedicated', 'host'] as const;

/** There are no dedicated hosts: instances of all accounts share this one. */
export function refuseOtherTenancy(tenancy: string | undefined): void {
  if (tenancy === undefined) return;
  if (oneOf('instanceTenancy', tenancy, tenancies) === 'default') return;
  throw apiError('UnsupportedOperation', {
    message: `Tenancy '${tenancy}' is not supported on this platform; use 'default'`,
  });
}
