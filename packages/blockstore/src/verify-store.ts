import { readFile } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BlockMapId, CaptureProgress, VerifyProblem, VerifyResult } from '@bakehouse/domain';
import type { BlockMap } from './block-map.ts';
import { chunkIdAt, chunkIdHex } from './chunk-id.ts';
import type { CoderPool } from './coder-pool.ts';
import { fetchChunk } from './fetch-chunk.ts';
import type { MapFolder } from './map-folder.ts';
import { recordBytes, segmentHeaderBytes, segmentHeaderProblem } from './record-format.ts';
import { scanSegment } from './recover-segment.ts';
import { type Segment, UnreadableBytesError } from './segment.ts';
import { decodeSegmentIndex } from './segment-index-format.ts';
import type { SegmentSet } from './segment-set.ts';
import {
  ChunkDamagedError,
  ChunkMissingError,
  MapDamagedError,
  MapMissingError,
} from './store-errors.ts';
import type { TailWriter } from './tail-writer.ts';
import { walkMap } from './walk-map.ts';

export interface VerifyContext {
  readonly maps: MapFolder;
  readonly segments: SegmentSet;
  readonly tail: TailWriter;
  readonly coders: CoderPool;
  readonly onProgress?: ((progress: CaptureProgress) => void) | undefined;
}

type Finding = Omit<VerifyProblem, 'usedBy'>;

/** Reads and compares everything. Captures and prunes may go on meanwhile. */
export async function verifyStore(context: VerifyContext): Promise<VerifyResult> {
  const mapProblems: Finding[] = [];
  const missing = new Map<string, string>();
  let checkedMaps = 0;
  for await (const found of eachMap(context.maps)) {
    checkedMaps += 1;
    if (found instanceof MapDamagedError) {
      mapProblems.push({ what: 'map', name: found.mapId, problem: found.message });
      continue;
    }
    for (const name of await missingChunks(context, found)) {
      missing.set(name, 'no segment holds it');
    }
  }
  const segmentProblems: Finding[] = [];
  for (const segment of context.segments.segments()) {
    segmentProblems.push(...(await checkSegment(context, segment)));
  }
  const { checkedChunks, damaged } = await checkChunks(context);
  const chunkProblems = new Map([...missing, ...damaged]);
  const users = await findUsers(context.maps, chunkProblems);
  return {
    checkedChunks,
    checkedMaps,
    problems: [
      ...mapProblems.map((each) => ({ ...each, usedBy: context.maps.ids().filter(is(each.name)) })),
      ...segmentProblems.map((each) => ({ ...each, usedBy: [] })),
      ...[...chunkProblems].map(([name, problem]) => ({
        what: 'chunk' as const,
        name,
        problem,
        usedBy: users.get(name) ?? [],
      })),
    ],
  };
}

function is(name: string) {
  return (mapId: BlockMapId) => mapId === name;
}

/** Maps that are pruned meanwhile are left out. */
async function* eachMap(maps: MapFolder): AsyncGenerator<BlockMap | MapDamagedError> {
  for (const mapId of maps.ids()) {
    try {
      yield await maps.read(mapId);
    } catch (error) {
      if (error instanceof MapDamagedError) yield error;
      else if (!(error instanceof MapMissingError)) throw error;
    }
    await nextTurn();
  }
}

/** Hex ids of the map's chunks that are nowhere; none when the map was pruned meanwhile. */
async function missingChunks({ maps, segments }: VerifyContext, map: BlockMap): Promise<string[]> {
  const missing: string[] = [];
  await walkMap(map, (position) => {
    if (segments.index.has(chunkIdAt(map.chunkIds, position))) return;
    missing.push(chunkIdHex(map.chunkIds, position));
  });
  return maps.ids().includes(map.mapId) ? missing : [];
}

/** Header, gaps between the records, and the index file when there is one. */
async function checkSegment(
  { segments, tail }: VerifyContext,
  segment: Segment,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const note = (what: Finding['what'], name: string, problem: string) =>
    findings.push({ what, name, problem });
  try {
    const problem = await headerProblem(segment);
    if (problem !== undefined) note('segment', segment.path, problem);
    const { gaps, endBytes } = await scanSegment(segment, segmentHeaderBytes, 'headers');
    for (const { offset, lengthBytes } of gaps) {
      note('segment', segment.path, `${lengthBytes} bytes at offset ${offset} are no records`);
    }
    if (endBytes < segment.sizeBytes && !tail.isActive(segment)) {
      note('segment', segment.path, `what follows offset ${endBytes} is no record`);
    }
  } catch (error) {
    // Pruned meanwhile: it is no part of the store any more.
    if (!segments.segments().includes(segment)) return [];
    throw error;
  }
  const indexPath = segment.path.replace(/seg$/, 'idx');
  const index = await readFile(indexPath).catch(() => undefined);
  if (index !== undefined && decodeSegmentIndex(index, segment.number) === undefined) {
    note('index', indexPath, 'it is damaged; the next start makes it again');
  }
  return findings;
}

async function headerProblem(segment: Segment): Promise<string | undefined> {
  try {
    return segmentHeaderProblem(await segment.read(0, segmentHeaderBytes), segment.number);
  } catch (error) {
    if (error instanceof UnreadableBytesError) return 'has a header that cannot be read';
    throw error;
  }
}

/** Every chunk of the index, segment by segment, in order of offset. */
async function checkChunks(context: VerifyContext) {
  const { segments, coders, onProgress } = context;
  const damaged = new Map<string, string>();
  const totalBytes = segments.segments().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let doneBytes = 0;
  let checkedChunks = 0;
  for (const segment of segments.segments()) {
    const entries = segments.entriesOf(segment);
    entries.sort((left, right) => left.offset - right.offset);
    const queue = entries.values();
    const lane = async () => {
      for (const entry of queue) {
        const problem = await checkChunk(context, entry.chunkId);
        const hex = chunkIdHex(entry.chunkId);
        checkedChunks += 1;
        if (problem !== undefined) damaged.set(hex, problem);
        doneBytes += recordBytes(entry);
        onProgress?.({ doneBytes, totalBytes });
      }
    };
    await Promise.all(Array.from({ length: coders.width }, lane));
  }
  return { checkedChunks, damaged };
}

/** What is wrong with the chunk as it is on disk. */
async function checkChunk(
  { segments, coders }: VerifyContext,
  chunkId: Uint8Array,
): Promise<string | undefined> {
  return coders.withSlot(async (slot) => {
    try {
      await fetchChunk(segments, coders, { chunkId, slot });
      return undefined;
    } catch (error) {
      // Pruned meanwhile.
      if (error instanceof ChunkMissingError) return undefined;
      if (error instanceof ChunkDamagedError) return error.message;
      throw error;
    }
  });
}

/** Which maps name each of these chunks. */
async function findUsers(
  maps: MapFolder,
  chunks: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, readonly BlockMapId[]>> {
  const users = new Map<string, BlockMapId[]>();
  if (chunks.size === 0) return users;
  for await (const map of eachMap(maps)) {
    if (map instanceof MapDamagedError) continue;
    const named = new Set<string>();
    await walkMap(map, (position) => {
      const name = chunkIdHex(map.chunkIds, position);
      if (chunks.has(name)) named.add(name);
    });
    for (const name of named) users.set(name, [...(users.get(name) ?? []), map.mapId]);
  }
  return users;
}
