import type {
  MetadataStore,
  NetworkInterfaceId,
  PrefixListId,
  RecordKind,
  SecurityGroupId,
  VpcId,
} from '@bakehouse/domain';
import { observedStore, type RecordChange, type WantedChange } from '../changes/observed-store.ts';

/** What may differ between the records and the policy in force; `everything` when that is not known. */
export type ChangedRecords =
  | 'everything'
  | {
      readonly nicIds: ReadonlySet<NetworkInterfaceId>;
      readonly groupIds: ReadonlySet<SecurityGroupId>;
      readonly vpcIds: ReadonlySet<VpcId>;
      readonly prefixListIds: ReadonlySet<PrefixListId>;
    };

/** An address or a gateway that moves changes the interface or the VPC that it leaves, too. */
const wanted: Partial<Record<RecordKind, WantedChange>> = {
  elasticAddress: 'both',
  internetGateway: 'both',
  natGateway: 'after',
  networkAcl: 'after',
  networkInterface: 'after',
  prefixList: 'after',
  routeTable: 'after',
  securityGroup: 'after',
  securityGroupRule: 'after',
  subnet: 'after',
  vpc: 'after',
};

/** Notes what commits change of the network policy, until somebody takes it. */
export class PolicyChanges {
  #nicIds = new Set<NetworkInterfaceId>();
  #groupIds = new Set<SecurityGroupId>();
  #vpcIds = new Set<VpcId>();
  #prefixListIds = new Set<PrefixListId>();
  #isEverything = true;

  /** The store, whose commits are noted before its `write` resolves. */
  observe(store: MetadataStore): MetadataStore {
    return observedStore(store, {
      wanted: (kind) => wanted[kind] ?? 'nothing',
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
    const changed = {
      nicIds: this.#nicIds,
      groupIds: this.#groupIds,
      vpcIds: this.#vpcIds,
      prefixListIds: this.#prefixListIds,
    };
    const isEverything = this.#isEverything;
    this.#nicIds = new Set();
    this.#groupIds = new Set();
    this.#vpcIds = new Set();
    this.#prefixListIds = new Set();
    this.#isEverything = false;
    return isEverything ? 'everything' : changed;
  }

  #note(change: RecordChange): void {
    if (isOf('networkInterface', change)) noteId(this.#nicIds, change, ({ id }) => id);
    if (isOf('securityGroup', change)) noteId(this.#groupIds, change, ({ id }) => id);
    if (isOf('securityGroupRule', change)) noteId(this.#groupIds, change, (rule) => rule.groupId);
    if (isOf('prefixList', change)) noteId(this.#prefixListIds, change, ({ id }) => id);
    if (isOf('elasticAddress', change)) this.#noteAddress(change);
    if (isOf('internetGateway', change)) this.#noteGateway(change);
    if (isOf('routeTable', change)) noteId(this.#vpcIds, change, ({ vpcId }) => vpcId);
    if (isOf('networkAcl', change)) noteId(this.#vpcIds, change, ({ vpcId }) => vpcId);
    if (isOf('natGateway', change)) noteId(this.#vpcIds, change, ({ vpcId }) => vpcId);
    if (isOf('vpc', change)) noteId(this.#vpcIds, change, ({ id }) => id);
    if (isOf('subnet', change)) noteId(this.#vpcIds, change, ({ vpcId }) => vpcId);
  }

  #noteGateway({ before, after }: RecordChange<'internetGateway'>): void {
    for (const gateway of [before, after]) if (gateway?.vpcId) this.#vpcIds.add(gateway.vpcId);
  }

  #noteAddress({ before, after }: RecordChange<'elasticAddress'>): void {
    for (const address of [before, after]) {
      if (address?.association) this.#nicIds.add(address.association.nicId);
    }
  }
}

/** A record stays in its group and its VPC, so either form of it says where it is. */
function noteId<K extends RecordChange['kind'], Id>(
  ids: Set<Id>,
  { before, after }: RecordChange<K>,
  idOf: (record: NonNullable<RecordChange<K>['after']>) => Id,
): void {
  const record = after ?? before;
  if (record) ids.add(idOf(record));
}

function isOf<K extends RecordChange['kind']>(
  kind: K,
  change: RecordChange,
): change is RecordChange<K> {
  return change.kind === kind;
}
