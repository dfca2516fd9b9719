import { setTimeout } from 'node:timers/promises';
import type { MetadataStore } from '@bakehouse/domain';
import type { WiredPowers } from '../wiring/qemu-powers.ts';
import type { Leftover } from './check.ts';
import type { MendableLeftover } from './find-leftovers.ts';
import { readKnownRecords } from './known-records.ts';

/** Work that is just ending may still hold something: what is a leftover is so twice. */
const secondLookMs = 1_500;

const toldOf = ({ kind, name, problem, remedy }: Leftover): Leftover => ({
  kind,
  name,
  problem,
  remedy,
});

export interface LeftoversResult {
  readonly leftovers: readonly Leftover[];
  /** How many of an earlier look were mended. */
  readonly mended: number;
}

export interface LookOptions {
  readonly fix: boolean;
  /** Between the two looks. */
  readonly pause?: () => Promise<unknown>;
}

/** Looks for leftovers, twice when there are any; with `fix` mends them and looks again. */
export async function lookForLeftovers(
  look: () => Promise<readonly MendableLeftover[]>,
  { fix, pause = () => setTimeout(secondLookMs) }: LookOptions,
): Promise<LeftoversResult> {
  const lasting = async () => {
    const first = new Set((await look()).map(({ name }) => name));
    if (first.size === 0) return [];
    await pause();
    return (await look()).filter(({ name }) => first.has(name));
  };
  const found = await lasting();
  if (!fix || found.length === 0) return { leftovers: found.map(toldOf), mended: 0 };
  for (const leftover of found) await leftover.mend();
  const names = new Set(found.map(({ name }) => name));
  const left = (await look()).filter(({ name }) => names.has(name));
  return { leftovers: left.map(toldOf), mended: found.length - left.length };
}

/** The operator's call behind `bakehouse doctor`: only the running server can read its records. */
export const leftoversOperation = (metadata: MetadataStore, wired: WiredPowers) =>
  async function* (_context: unknown, input: Readonly<Record<string, unknown>>) {
    const look = () => wired.leftovers(() => readKnownRecords(metadata));
    yield await lookForLeftovers(look, { fix: input.fix === true });
  };
