import type { KeyPair } from '@bakehouse/domain';
import { type FilterTable, tagFilters } from './filter.ts';

/** The filters of DescribeKeyPairs, by their documented names. */
export const keyPairFilters: FilterTable<KeyPair> = {
  ...tagFilters,
  'key-pair-id': (keyPair) => keyPair.id,
  fingerprint: (keyPair) => keyPair.fingerprint,
  'key-name': (keyPair) => keyPair.name,
};
