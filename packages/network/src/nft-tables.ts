import { CommandError } from '@bakehouse/host';
import { changeText, type Ruleset, replaceText } from './ruleset.ts';
import type { RunNetworkCommand } from './run-network-command.ts';
import { listedShape, plannedShape, sameShape } from './table-shape.ts';

/** The tables of one namespace, as this process last applied them. */
export interface NftTables {
  /** One transaction: only the changes if the present state is known, else everything. No changes: no command. */
  apply(rulesets: readonly Ruleset[]): Promise<void>;
  /** The next `apply` replaces the tables, whatever is in them. */
  forget(): void;
  /** False when somebody flushed or changed what was applied, or the last `apply` failed. */
  areIntact(): Promise<boolean>;
}

export function nftTables(run: RunNetworkCommand, enter: readonly string[]): NftTables {
  let applied: readonly Ruleset[] | undefined;
  const load = (text: string) => run([...enter, 'nft', '-f', '-'], text);

  /** False when only a replacement will do: somebody else may have changed or flushed a table. */
  async function change(from: readonly Ruleset[], to: readonly Ruleset[]): Promise<boolean> {
    const text = changesText(from, to);
    if (text === undefined) return false;
    if (text === '') return true;
    return load(text).then(
      () => true,
      () => false,
    );
  }

  async function isIntact(ruleset: Ruleset): Promise<boolean> {
    const list = ['nft', '-j', 'list', 'table', ruleset.family, ruleset.table];
    try {
      return sameShape(listedShape(await run([...enter, ...list])), plannedShape(ruleset));
    } catch (error) {
      // nft fails when the table does not exist.
      if (error instanceof CommandError && error.failure.kind === 'exited') return false;
      throw error;
    }
  }

  return {
    async apply(rulesets) {
      const before = applied;
      applied = undefined;
      if (before === undefined || !(await change(before, rulesets))) {
        await load(rulesets.map(replaceText).join(''));
      }
      applied = rulesets;
    },
    forget() {
      applied = undefined;
    },
    async areIntact() {
      if (applied === undefined) return false;
      return (await Promise.all(applied.map(isIntact))).every(Boolean);
    },
  };
}

function changesText(from: readonly Ruleset[], to: readonly Ruleset[]): string | undefined {
  let text = '';
  for (const [index, ruleset] of to.entries()) {
    const before = from[index];
    const change = before && changeText(before, ruleset);
    if (change === undefined) return undefined;
    text += change;
  }
  return text;
}
