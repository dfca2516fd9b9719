import { type IdSource, idSourceFrom } from '@bakehouse/base';
import { seededRandom } from './seeded-random.ts';

/** The same ids in the same order from the same seed. */
export function seededIds(seed: string | number): IdSource {
  return idSourceFrom(seededRandom(seed).fork('ids').bytes);
}
