import type { HostId } from '@bakehouse/domain';

/** What the sample records have in common. */

export const accountId = '123456789012';
export const createdAt = 1_767_225_600_000;
export const resource = { ownerId: accountId, region: 'us-east-1', tags: {}, createdAt } as const;
export const nobody = { everyone: false, accountIds: [] } as const;
export const zone = 'us-east-1a';
/** The host of the sample records that have one. */
export const aHostId: HostId = 'host-0aaaaaaaaaaaaaaa1';
