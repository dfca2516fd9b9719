import { type Clock, secondMs } from '@bakehouse/base';
import {
  type BlockMapId,
  type MapReads,
  noReads,
  type ReadReporter,
  sumOfReads,
  type VolumeId,
  type VolumeReads,
} from '@bakehouse/domain';
import type { MapReader } from '../read/map-reader.ts';
import { AheadRoom } from './ahead-room.ts';
import { GuestReader, type GuestVolume } from './guest-reader.ts';
import { learnedOrder, type ReadOrder } from './read-order.ts';

const lookEveryMs = 100;
/** Volumes, and maps, whose reads are known: those that were opened last. */
const knownMax = 512;
/** A guest that opens its disks over and over does not make the disk busy. */
const learnEveryMs = 20 * secondMs;

/** Where orders are kept; `OrderFolder` is one. */
export interface OrderKeeper {
  find(mapId: BlockMapId): Promise<ReadOrder | undefined>;
  keep(mapId: BlockMapId, order: ReadOrder): Promise<void>;
}

export interface GuestReadsOptions {
  readonly orders: OrderKeeper;
  readonly clock: Clock;
  /** False: reads are counted and their order is recorded, and nothing is read ahead. */
  readonly readsAhead?: boolean;
}

interface OpenVolume {
  readonly reader: GuestReader;
  users: number;
}

/** The volumes that machines have open, and what is known of their reads. */
export class GuestReads implements ReadReporter {
  readonly #options: GuestReadsOptions;
  readonly #room: AheadRoom | undefined;
  /** By volume and map: a volume may get another map while a machine still reads the one before. */
  readonly #open = new Map<string, OpenVolume>();
  /** Those that were opened last. */
  readonly #readers = new Map<VolumeId, GuestReader>();
  /** Of those whose reader is closed: a reader takes far more memory. */
  readonly #closed = new Map<VolumeId, VolumeReads>();
  /** Of readers that are closed or forgotten. */
  readonly #past = new Map<BlockMapId, MapReads>();
  /** When the order of a map was last written. */
  readonly #learnedAt = new Map<BlockMapId, number>();
  readonly #writing = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: GuestReadsOptions) {
    this.#options = options;
    this.#room = options.readsAhead === false ? undefined : new AheadRoom();
  }

  /** Connections that have the same volume open share its reader. Call `release` once for each call. */
  async open(
    volume: GuestVolume,
    map: MapReader,
  ): Promise<{ readonly reader: GuestReader; readonly release: () => void }> {
    const { clock, orders } = this.#options;
    const order = await orders.find(volume.mapId);
    const key = keyOf(volume);
    let entry = this.#open.get(key);
    if (entry === undefined) {
      const room = this.#room && { room: this.#room };
      const reader = new GuestReader({ ...volume, map, clock, order, ...room });
      entry = { reader, users: 0 };
      this.#open.set(key, entry);
      this.#closed.delete(volume.volumeId);
      this.#readers.delete(volume.volumeId);
      this.#readers.set(volume.volumeId, reader);
      cutTo(this.#readers, knownMax);
    }
    entry.users += 1;
    this.#timer ??= setInterval(() => this.#lookAtAll(), lookEveryMs).unref();
    const { reader } = entry;
    return { reader, release: () => this.#release(key) };
  }

  async ofVolumes(volumeIds: readonly VolumeId[]): Promise<readonly VolumeReads[]> {
    return volumeIds.flatMap(
      (volumeId) => this.#readers.get(volumeId)?.reads() ?? this.#closed.get(volumeId) ?? [],
    );
  }

  async ofMaps(): Promise<readonly MapReads[]> {
    const sums = new Map(this.#past);
    for (const { reader } of this.#open.values()) addTo(sums, reader);
    return [...sums.values()].slice(-knownMax);
  }

  /** Ends the looks and waits for what is being written. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#writing);
  }

  #release(key: string): void {
    const entry = this.#open.get(key);
    if (entry === undefined) return;
    entry.users -= 1;
    if (entry.users > 0) return;
    const { reader } = entry;
    this.#open.delete(key);
    reader.close();
    this.#look(reader);
    const { volumeId } = reader.volume;
    if (this.#readers.get(volumeId) === reader) {
      this.#readers.delete(volumeId);
      this.#closed.set(volumeId, reader.reads());
      cutTo(this.#closed, knownMax);
    }
    addTo(this.#past, reader);
    cutTo(this.#past, knownMax);
    if (this.#open.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #lookAtAll(): void {
    for (const { reader } of this.#open.values()) this.#look(reader);
  }

  #look(reader: GuestReader): void {
    reader.look();
    const { clock, orders } = this.#options;
    const { mapId } = reader.volume;
    const now = clock.elapsed();
    if (now - (this.#learnedAt.get(mapId) ?? Number.NEGATIVE_INFINITY) < learnEveryMs) return;
    const recorded = reader.takeRecorded();
    const order = recorded && learnedOrder(reader.order, recorded);
    if (order === undefined) return;
    this.#learnedAt.delete(mapId);
    this.#learnedAt.set(mapId, now);
    cutTo(this.#learnedAt, knownMax);
    const written = orders.keep(mapId, order).finally(() => this.#writing.delete(written));
    this.#writing.add(written);
  }
}

const keyOf = ({ volumeId, mapId }: GuestVolume) => `${volumeId} ${mapId}`;

/** Removes what was put in first. */
function cutTo<Key>(map: Map<Key, unknown>, sizeMax: number): void {
  for (const key of map.keys()) {
    if (map.size <= sizeMax) return;
    map.delete(key);
  }
}

function addTo(sums: Map<BlockMapId, MapReads>, reader: GuestReader): void {
  const { mapId, total } = reader.reads();
  const before = sums.get(mapId)?.total ?? noReads;
  sums.delete(mapId);
  sums.set(mapId, { mapId, total: sumOfReads([before, total]) });
}
