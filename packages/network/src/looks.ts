import type { NetworkRepair } from '@bakehouse/domain';

/** A repair and the work that it takes. */
export interface PlannedRepair {
  readonly repair: NetworkRepair;
  perform(): Promise<void>;
}

/** Looks at a part of the network for what was lost, and changes nothing. */
export type Look = () => Promise<readonly PlannedRepair[]>;

/** The looks that find something. What a change takes away in between cannot be looked at, and seems lost, too. */
export async function seemLost(looks: readonly Look[]): Promise<readonly Look[]> {
  const lost: Look[] = [];
  for (const look of looks) {
    const isWhole = await look().then(
      (planned) => planned.length === 0,
      () => false,
    );
    if (!isWhole) lost.push(look);
  }
  return lost;
}

/** What all of them find. */
export async function lookAtAll(looks: readonly Look[]): Promise<readonly PlannedRepair[]> {
  const planned: PlannedRepair[] = [];
  for (const look of looks) planned.push(...(await look()));
  return planned;
}
