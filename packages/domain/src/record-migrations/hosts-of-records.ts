import { hostIdOf } from '../hosts/host-id.ts';
import type { RecordKind } from '../record-kinds.ts';
import type { HostId } from '../records/common.ts';
import { dataFolderSetting } from '../records/tombstone.ts';
import type { EarlierRecord, MigrationFacts, RecordMigration } from './record-migration.ts';

const placedKinds: ReadonlySet<RecordKind> = new Set(['instance', 'volume', 'networkInterface']);

/** The host of the folder that has claimed the records; before any claim, that of the folder that they are in. */
function hostOf(settings: readonly EarlierRecord[], { hostId }: MigrationFacts): HostId {
  const claim = settings.find(({ id }) => id === dataFolderSetting)?.value;
  if (typeof claim === 'object' && claim !== null && 'folderId' in claim) {
    return hostIdOf(String(claim.folderId));
  }
  if (hostId) return hostId;
  throw new Error('records of an earlier version can only be opened for the host that they are on');
}

/** Instances, volumes and network interfaces get the host that they are on: there was one. */
export const hostsOfRecords: RecordMigration = {
  name: 'hosts of instances, volumes and network interfaces',
  lookUpKinds: ['setting'],
  converter(recordsOf, facts) {
    let hostId: HostId | undefined;
    return (kind, record) => {
      if (!placedKinds.has(kind)) return record;
      hostId ??= hostOf(recordsOf('setting'), facts);
      return { ...record, hostId };
    };
  },
};
