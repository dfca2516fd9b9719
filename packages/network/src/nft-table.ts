import { changeText, type Ruleset, replaceText } from './ruleset.ts';
import type { RunCommand } from './run-command.ts';

/** One table as it was last applied by this process. */
export interface NftTable {
  /** One transaction: the change if the present state is known, else the whole. Nothing to do: no command. */
  apply(ruleset: Ruleset): Promise<void>;
  /** The next `apply` replaces the table, whatever is in it. */
  forget(): void;
}

export function nftTable(run: RunCommand, enter: readonly string[]): NftTable {
  let applied: Ruleset | undefined;
  const load = (text: string) => run([...enter, 'nft', '-f', '-'], text);

  async function change(from: Ruleset, to: Ruleset): Promise<boolean> {
    const text = changeText(from, to);
    if (text === undefined) return false;
    // Someone else may have changed or flushed the table: then the whole of it is right.
    return (
      text === '' ||
      load(text).then(
        () => true,
        () => false,
      )
    );
  }

  return {
    async apply(ruleset) {
      const before = applied;
      applied = undefined;
      if (before === undefined || !(await change(before, ruleset))) {
        await load(replaceText(ruleset));
      }
      applied = ruleset;
    },
    forget() {
      applied = undefined;
    },
  };
}
