import {
  type BlockMapId,
  type CaptureProgress,
  MapMissingError,
  type VerifyProblem,
  type VerifyResult,
} from '@bakehouse/domain';
import type { CoderPool } from '../capture/coder-pool.ts';
import { contentIdHex, contentKey, idOfKey } from '../format/content-id.ts';
import { children } from '../format/page-format.ts';
import type { PageStore } from '../maps/page-store.ts';
import { PageWalk } from '../maps/page-walk.ts';
import type { SegmentSet } from '../segments/segment-set.ts';
import { MapDamagedError } from '../store-errors.ts';
import { type ContentProblem, checkContents } from './check-contents.ts';
import { checkSegment } from './check-segment.ts';
import {
  type Holder,
  type HolderContext,
  holdersOf,
  type OpenedHolder,
  useHolder,
} from './holders.ts';
import { ProblemUsers } from './problem-users.ts';

export interface VerifyContext extends HolderContext {
  readonly segments: SegmentSet;
  readonly pages: PageStore;
  readonly coders: CoderPool;
  readonly isActive: (segment: unknown) => boolean;
  /** Ends it between two looks at the disk. */
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: CaptureProgress) => void) | undefined;
}

type Finding = Omit<VerifyProblem, 'usedBy'>;

/** Reads and compares everything. Captures and prunes may go on meanwhile. Throws the signal's reason. */
export async function verifyStore(context: VerifyContext): Promise<VerifyResult> {
  const maps = await checkHolders(context);
  const segmentFindings: Finding[] = [];
  for (const segment of context.segments.segments()) {
    context.signal.throwIfAborted();
    segmentFindings.push(...(await checkSegment(context, segment)));
  }
  const { checkedChunks, damaged } = await checkContents(context);
  const problems = new Map([...maps.unreachable, ...damaged]);
  const users = await findUsers(context, problems);
  return {
    checkedChunks,
    checkedMaps: maps.checkedMaps,
    problems: [
      ...maps.damaged.map(({ mapId, message: problem }) => {
        const isThere = context.maps.has(mapId) || context.drafts.has(mapId);
        const usedBy = isThere ? [mapId] : [];
        return { what: 'map' as const, name: mapId, problem, usedBy };
      }),
      ...segmentFindings.map((each) => ({ ...each, usedBy: [] })),
      ...[...problems].map(([key, { what, problem }]) => {
        const name = contentIdHex(idOfKey(key));
        return { what, name, problem, usedBy: users.get(key) ?? [] };
      }),
    ],
  };
}

/** Every head and every page that one reaches, and whether what they name is stored. */
async function checkHolders(context: VerifyContext) {
  const walk = new PageWalk(context.segments.index);
  const damaged: MapDamagedError[] = [];
  const unreachable = new Map<string, ContentProblem>();
  let checkedMaps = 0;
  // From disk, what may be in memory.
  context.maps.forgetHeads();
  for (const holder of holdersOf(context)) {
    context.signal.throwIfAborted();
    const found = await orUndefined(() => checkHolder(context, walk, holder));
    if (found === undefined) continue;
    checkedMaps += 1;
    if (found instanceof MapDamagedError) damaged.push(found);
    else for (const [key, problem] of found) unreachable.set(key, problem);
  }
  return { checkedMaps, damaged, unreachable };
}

/** What the holder names and no segment has. Throws MapMissingError when it was removed meanwhile. */
async function checkHolder(
  { segments, maps, drafts }: VerifyContext,
  walk: PageWalk,
  holder: Holder,
): Promise<ReadonlyMap<string, ContentProblem>> {
  // Of both looks at a draft that was sealed meanwhile: the second one does not visit the pages of the first again.
  const found = new Map<string, ContentProblem>();
  const checkChunk = (id: Uint8Array) => {
    if (segments.index.has(id)) return;
    found.set(contentKey(id), { what: 'chunk', problem: 'no segment holds it' });
  };
  await useHolder(holder, async ({ tree, written }) => {
    if (tree !== undefined) {
      await walk.visit(tree, {
        page(page) {
          if (page.level === 0) for (const { id } of children(page)) checkChunk(id);
        },
        unreadable(id, { message: problem }) {
          found.set(contentKey(id), { what: 'page', problem });
        },
      });
    }
    for await (const { chunkId } of written) if (chunkId !== undefined) checkChunk(chunkId);
  });
  const { mapId } = holder;
  if (!maps.has(mapId) && !drafts.has(mapId)) throw new MapMissingError(mapId);
  return found;
}

/** Damage as a result; undefined for a holder that was removed meanwhile. */
async function orUndefined<Result>(
  look: () => Promise<Result>,
): Promise<Result | MapDamagedError | undefined> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof MapDamagedError) return error;
    if (error instanceof MapMissingError) return undefined;
    throw error;
  }
}

/** Which maps and drafts name each of these chunks and pages. */
async function findUsers(
  context: VerifyContext,
  problems: ReadonlyMap<string, ContentProblem>,
): Promise<ReadonlyMap<string, readonly BlockMapId[]>> {
  const users = new Map<string, BlockMapId[]>();
  if (problems.size === 0) return users;
  const search = new ProblemUsers((key) => problems.has(key));
  for (const holder of holdersOf(context)) {
    context.signal.throwIfAborted();
    const named = await orUndefined(() =>
      useHolder(holder, (opened) => problemsOf(opened, search)),
    );
    if (named === undefined || named instanceof MapDamagedError) continue;
    for (const key of named) users.set(key, [...(users.get(key) ?? []), holder.mapId]);
  }
  return users;
}

async function problemsOf(
  { tree, written }: OpenedHolder,
  search: ProblemUsers,
): Promise<ReadonlySet<string>> {
  const named = new Set(tree && (await search.problemsOf(tree)));
  for await (const { chunkId } of written) {
    const key = chunkId && contentKey(chunkId);
    if (key !== undefined && search.isProblem(key)) named.add(key);
  }
  return named;
}
