import { changeText, type Ruleset, replaceText } from './ruleset.ts';
import type { RunCommand } from './run-command.ts';
import { listedShape, plannedShape, sameShape } from './table-shape.ts';

/** Tables of one namespace as they were last applied by this process. */
export interface NftTables {
  /** One transaction: the change if the present state is known, else the whole. Nothing to do: no command. */
  apply(rulesets: readonly Ruleset[]): Promise<void>;
  /** The next `apply` replaces the tables, whatever is in them. */
  forget(): void;
  /** False when somebody flushed or changed what was applied, or the last `apply` failed. */
  areThere(): Promise<boolean>;
}

export function nftTables(run: RunCommand, enter: readonly string[]): NftTables {
  let applied: readonly Ruleset[] | undefined;
  const load = (text: string) => run([...enter, 'nft', '-f', '-'], text);

  /** False when only a replacement will do: someone else may have changed or flushed a table. */
  async function change(from: readonly Ruleset[], to: readonly Ruleset[]): Promise<boolean> {
    const text = changesText(from, to);
    if (text === undefined) return false;
    return (
      text === '' ||
      load(text).then(
        () => true,
        () => false,
      )
    );
  }

  async function isThere(ruleset: Ruleset): Promise<boolean> {
    const list = ['nft', '-j', 'list', 'table', ruleset.family, ruleset.table];
    const listed = await run([...enter, ...list]).catch(() => '');
    return sameShape(listedShape(listed), plannedShape(ruleset));
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
    async areThere() {
      if (applied === undefined) return false;
      return (await Promise.all(applied.map(isThere))).every(Boolean);
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
