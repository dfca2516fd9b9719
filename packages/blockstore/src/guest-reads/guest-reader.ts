import { type Clock, minuteMs, secondMs, type TimestampMs } from '@bakehouse/base';
import type { BlockMapId, VolumeId, VolumeReads } from '@bakehouse/domain';
import type { MapReader } from '../read/map-reader.ts';
import type { AheadRoom } from './ahead-room.ts';
import { BlockSet } from './block-set.ts';
import { ReadAhead } from './read-ahead.ts';
import { orderBlocksMax, type ReadOrder, type RecordedReads } from './read-order.ts';
import { ReadSpans } from './read-spans.ts';

/** How long after its opening a volume's reads are recorded by their time, and read ahead. */
const bootMs = 10 * minuteMs;
/** How long the order of its first reads is recorded: a boot, and not what the guest does for days. */
const orderForMs = 5 * minuteMs;
/** A guest that has read nothing new for so long has booted, or waits. */
const quietMs = 20 * secondMs;
/** A guest that reads nothing new for so long holds no room for what was fetched ahead of it. */
const idleMs = 60 * secondMs;

export interface GuestVolume {
  readonly mapId: BlockMapId;
  readonly volumeId: VolumeId;
}

interface GuestReaderOptions extends GuestVolume {
  readonly map: MapReader;
  readonly clock: Clock;
  /** What the map's reads are expected to be; undefined: nobody knows. */
  readonly order: ReadOrder | undefined;
  /** Absent: nothing is read ahead. */
  readonly room?: AheadRoom;
}

/** A map as one machine reads it for one of its volumes: counts the reads, records their order, and reads ahead. */
export class GuestReader
  implements Pick<MapReader, 'sizeBytes' | 'peekBlock' | 'readBlock' | 'runs'>
{
  readonly sizeBytes: number;
  readonly runs: MapReader['runs'];
  readonly #options: GuestReaderOptions;
  readonly #since: TimestampMs;
  readonly #begunAt: number;
  readonly #spans: ReadSpans;
  readonly #ahead: ReadAhead | undefined;
  readonly #asked = new BlockSet();
  readonly #seen = new BlockSet();
  /** What the guest asked for when it was fetched ahead, or on its way, and does not have yet. */
  readonly #fetchedAhead = new Set<number>();
  #first: number[] = [];
  #newAt: number;
  /** How many first reads the last record had. */
  #recorded = 0;
  #isClosed = false;

  constructor(options: GuestReaderOptions) {
    this.#options = options;
    const { map, clock, order, room } = options;
    this.sizeBytes = map.sizeBytes;
    this.runs = map.runs;
    this.#since = clock.now();
    this.#begunAt = clock.elapsed();
    this.#newAt = this.#begunAt;
    this.#spans = new ReadSpans(this.#since);
    const fetch = (blockIndex: number) => map.readAhead(blockIndex);
    this.#ahead = order && room && new ReadAhead({ order: order.blocks, fetch, room });
  }

  peekBlock(blockIndex: number): ReturnType<MapReader['peekBlock']> {
    const found = this.#options.map.peekBlock(blockIndex);
    if (typeof found !== 'string') this.#got(blockIndex);
    return found;
  }

  async readBlock(blockIndex: number): Promise<Uint8Array | undefined> {
    this.#ask(blockIndex);
    const block = await this.#options.map.readBlock(blockIndex);
    if (block) this.#got(blockIndex);
    return block;
  }

  /** A read has its bytes. `waitedMs`: it waited for blocks that were not in memory. */
  served(bytes: number, waitedMs?: number): void {
    this.#spans.read(bytes, waitedMs);
  }

  /** Called some times a second, and once when it was closed. */
  look(): void {
    const { clock } = this.#options;
    const elapsed = clock.elapsed();
    if (elapsed - this.#begunAt <= bootMs) this.#spans.look(clock.now());
    else this.#ahead?.stop();
    if (elapsed - this.#newAt >= idleMs) this.#ahead?.rest();
  }

  /** What is to be kept of the order of its reads now, each time more; undefined when nothing is. */
  takeRecorded(): RecordedReads | undefined {
    if (this.#first.length === this.#recorded) return undefined;
    const elapsed = this.#options.clock.elapsed();
    const isOver = this.#isClosed || elapsed - this.#begunAt >= orderForMs;
    if (!isOver && elapsed - this.#newAt < quietMs) return undefined;
    const blocks = this.#first;
    // What is over is not kept in memory for as long as the guest runs.
    this.#first = isOver ? [] : [...blocks];
    this.#recorded = this.#first.length;
    return { blocks, departed: this.#ahead?.departed ?? false };
  }

  /** What the map's reads were expected to be when it was opened. */
  get order(): ReadOrder | undefined {
    return this.#options.order;
  }

  get volume(): GuestVolume {
    return this.#options;
  }

  reads(): VolumeReads {
    const { volumeId, mapId } = this.#options;
    const { spans, total } = this.#spans;
    return { volumeId, mapId, since: this.#since, spans, total };
  }

  /** Nothing is read ahead any more. */
  close(): void {
    this.#isClosed = true;
    this.#ahead?.stop();
  }

  #ask(blockIndex: number): void {
    if (!this.#asked.add(blockIndex)) return;
    this.#newAt = this.#options.clock.elapsed();
    if (this.#ahead?.asked(blockIndex)) this.#fetchedAhead.add(blockIndex);
  }

  /** The guest has a block with data. */
  #got(blockIndex: number): void {
    if (!this.#seen.add(blockIndex)) return;
    this.#ask(blockIndex);
    this.#spans.newBlock(this.#fetchedAhead.delete(blockIndex));
    const isRecorded =
      this.#first.length < orderBlocksMax && this.#newAt - this.#begunAt < orderForMs;
    if (isRecorded) this.#first.push(blockIndex);
  }
}
