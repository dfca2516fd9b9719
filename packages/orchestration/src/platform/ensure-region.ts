import type { Clock, IdSource } from '@bakehouse/base';
import type { AccountId, MetadataStore, RegionName } from '@bakehouse/domain';
import { createDefaultNetwork } from './default-network.ts';

export interface EnsureRegionOptions {
  readonly metadata: MetadataStore;
  readonly clock: Clock;
  readonly ids: IdSource;
}

/** Gives an account its default VPC in a region at its first request there. */
export interface RegionEnsurer {
  ensure(accountId: AccountId, region: RegionName): Promise<void>;
  /** Call this after the state was emptied. */
  forget(): void;
}

export function createRegionEnsurer(options: EnsureRegionOptions): RegionEnsurer {
  const { metadata, clock, ids } = options;
  const known = new Set<string>();
  return {
    forget: () => known.clear(),
    async ensure(accountId, region) {
      const key = `default-network/${accountId}/${region}`;
      if (known.has(key)) return;
      const found = await metadata.read((tx) => tx.get('setting', key));
      if (!found) {
        await metadata.write(async (tx) => {
          if (await tx.get('setting', key)) return;
          const request = { accountId, region, now: clock.now(), ids };
          const vpc = await createDefaultNetwork(tx, request);
          await tx.put('setting', { id: key, value: vpc.id });
        });
      }
      known.add(key);
    },
  };
}
