import type { MetadataStore, NetworkInterfaceId, SecurityGroupId } from '@bakehouse/domain';
import { observedStore, type RecordChange } from '../changes/observed-store.ts';

/** What may differ between the records and the policy in force; `everything` when that is not known. */
export type ChangedRecords =
  | 'everything'
  | {
      readonly nicIds: ReadonlySet<NetworkInterfaceId>;
      readonly groupIds: ReadonlySet<SecurityGroupId>;
    };

const kinds: ReadonlySet<string> = new Set<RecordChange['kind']>([
  'networkInterface',
  'securityGroup',
  'securityGroupRule',
]);

/** Notes what commits change of the network policy, until somebody takes it. */
export class PolicyChanges {
  #nicIds = new Set<NetworkInterfaceId>();
  #groupIds = new Set<SecurityGroupId>();
  #isEverything = true;

  /** The store, whose commits are noted before its `write` resolves. */
  observe(store: MetadataStore): MetadataStore {
    return observedStore(store, {
      wanted: (kind) => (kinds.has(kind) ? 'after' : 'nothing'),
      onCommit: (changes) => {
        for (const change of changes) this.#note(change);
      },
      onReset: () => this.noteEverything(),
    });
  }

  noteEverything(): void {
    this.#isEverything = true;
  }

  /** What has changed since the last call, or since the beginning. */
  take(): ChangedRecords {
    const changed = { nicIds: this.#nicIds, groupIds: this.#groupIds };
    const isEverything = this.#isEverything;
    this.#nicIds = new Set();
    this.#groupIds = new Set();
    this.#isEverything = false;
    return isEverything ? 'everything' : changed;
  }

  #note(change: RecordChange): void {
    if (isOf('networkInterface', change)) {
      const nic = change.after ?? change.before;
      if (nic) this.#nicIds.add(nic.id);
    }
    if (isOf('securityGroup', change)) {
      const group = change.after ?? change.before;
      if (group) this.#groupIds.add(group.id);
    }
    if (isOf('securityGroupRule', change)) {
      const rule = change.after ?? change.before;
      if (rule) this.#groupIds.add(rule.groupId);
    }
  }
}

function isOf<K extends RecordChange['kind']>(
  kind: K,
  change: RecordChange,
): change is RecordChange<K> {
  return change.kind === kind;
}
