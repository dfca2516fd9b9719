import type { MetadataReader } from './ports/metadata-store.ts';
import type { RecordKind, RecordKinds } from './record-kinds.ts';
import type { BlockMapId } from './records/common.ts';

type MapsOf<K extends RecordKind> = (record: RecordKinds[K]) => readonly BlockMapId[];

const present = (...mapIds: readonly (BlockMapId | undefined)[]): readonly BlockMapId[] =>
  mapIds.filter((mapId) => mapId !== undefined);

/**
 * The block maps that a record of each kind holds; undefined for kinds that hold none. A map that no record holds is
 * garbage: prune removes it, doctor reports it, usage counts it as free. An image holds none itself: its snapshots do.
 */
const mapsByKind = {
  account: undefined,
  accessKey: undefined,
  image: undefined,
  snapshot: ({ mapId }) => [mapId],
  volume: ({ originMapId, baseline }) => present(originMapId, baseline?.mapId),
  instance: undefined,
  networkInterface: undefined,
  vpc: undefined,
  subnet: undefined,
  internetGateway: undefined,
  routeTable: undefined,
  networkAcl: undefined,
  dhcpOptions: undefined,
  elasticAddress: undefined,
  natGateway: undefined,
  prefixList: undefined,
  securityGroup: undefined,
  securityGroupRule: undefined,
  keyPair: undefined,
  launchTemplate: undefined,
  launchTemplateVersion: undefined,
  parameter: undefined,
  parameterVersion: undefined,
  clientToken: undefined,
  tombstone: undefined,
  setting: undefined,
  workflow: undefined,
  /** Its pending snapshot holds the map. */
  bake: undefined,
  /** Its snapshot holds the map. */
  fastRestore: undefined,
  /** Nothing is left of one that failed. */
  fastLaunch: ({ state, template }) =>
    state === 'enabling-failed' ? [] : [template.mapId, template.originMapId],
} satisfies { readonly [K in RecordKind]: MapsOf<K> | undefined };

/** The kinds of records that hold maps. */
export type MapHolderKind = {
  [K in RecordKind]: (typeof mapsByKind)[K] extends undefined ? never : K;
}[RecordKind];

const table: { readonly [K in RecordKind]: MapsOf<K> | undefined } = mapsByKind;

const isHolder = (kind: RecordKind): kind is MapHolderKind => table[kind] !== undefined;

export const mapHolderKinds = (Object.keys(table) as RecordKind[]).filter(isHolder);

/** The maps that the record holds; none for kinds that hold none. */
export function mapsHeldBy<K extends RecordKind>(
  kind: K,
  record: RecordKinds[K],
): readonly BlockMapId[] {
  return table[kind]?.(record) ?? [];
}

/** Every map that some record holds, in all accounts and regions. */
export async function readHeldMaps(reader: MetadataReader): Promise<ReadonlySet<BlockMapId>> {
  const held = new Set<BlockMapId>();
  for (const kind of mapHolderKinds) {
    for (const record of await reader.list(kind)) {
      for (const mapId of mapsHeldBy(kind, record)) held.add(mapId);
    }
  }
  return held;
}
