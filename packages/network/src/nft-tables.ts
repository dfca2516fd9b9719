import { CommandError } from '@bakehouse/host';
import { changeText, type Ruleset, replaceText } from './ruleset.ts';
import type { RunNetworkCommand } from './run-network-command.ts';
import type { PartChanges, TableChange, TableParts } from './table-parts.ts';
import { listedShape, plannedShape, sameShape } from './table-shape.ts';

/** The tables of one namespace, as this process last applied them. */
export interface NftTables<Name extends string> {
  /**
   * One transaction: only the changes if the present state is known, else everything. No changes: no command. Rejected:
   * the tables and their parts are as before.
   */
  change(changes: Readonly<Record<Name, PartChanges>>): Promise<void>;
  /** Replaces the tables, whatever is in them. */
  replace(): Promise<void>;
  /** The next `change` replaces the tables. */
  forget(): void;
  /** False when somebody flushed or changed what was applied, or the last `replace` failed. */
  areIntact(): Promise<boolean>;
}

export function nftTables<Name extends string>(
  tables: Readonly<Record<Name, TableParts>>,
  { run, enter }: { readonly run: RunNetworkCommand; readonly enter: readonly string[] },
): NftTables<Name> {
  let isKnown = false;
  const load = (text: string) => run([...enter, 'nft', '-f', '-'], text);
  const all: readonly TableParts[] = Object.values(tables);

  async function replace(): Promise<void> {
    isKnown = false;
    await load(all.map((table) => replaceText(table.whole())).join(''));
    isKnown = true;
  }

  /** False when only a replacement will do: somebody else may have changed or flushed a table. */
  async function applyChanges(changes: readonly TableChange[]): Promise<boolean> {
    const texts = changes.map(({ before, after }) => changeText(before, after));
    if (!isKnown || texts.includes(undefined)) return false;
    const text = texts.join('');
    if (text === '') return true;
    return load(text).then(
      () => true,
      () => false,
    );
  }

  async function isIntact(table: Ruleset): Promise<boolean> {
    const list = ['nft', '-j', 'list', 'table', table.family, table.table];
    try {
      return sameShape(listedShape(await run([...enter, ...list])), plannedShape(table));
    } catch (error) {
      // nft fails when the table does not exist.
      if (error instanceof CommandError && error.failure.kind === 'exited') return false;
      throw error;
    }
  }

  return {
    async change(changes) {
      const names = Object.keys(tables) as Name[];
      const made = names.map((name) => ({
        table: tables[name],
        change: tables[name].change(changes[name]),
      }));
      try {
        if (!(await applyChanges(made.map(({ change }) => change)))) await replace();
      } catch (error) {
        for (const { table, change } of made) table.change(change.undo);
        throw error;
      }
    },
    replace,
    forget() {
      isKnown = false;
    },
    async areIntact() {
      if (!isKnown) return false;
      return (await Promise.all(all.map((table) => isIntact(table.whole())))).every(Boolean);
    },
  };
}
