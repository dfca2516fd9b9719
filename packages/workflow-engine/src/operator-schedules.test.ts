import type { MetadataStore, WorkflowId } from '@bakehouse/domain';
import { ManualClock, MemoryMetadataStore } from '@bakehouse/fakes';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type WorkflowEngine, WorkNotFoundError } from './engine.ts';
import type { LaneWatcher } from './lane-watcher.ts';
import { StepFailure } from './step-failure.ts';
import { bench, defineTest, type TestContext, type TestInput } from './testing/test-engine.ts';

/** What one piece of work does, drawn at random. */
interface Story {
  readonly lanes: readonly string[];
  /** Written by another version, so that it is parked until its row is repaired. */
  readonly isParked: boolean;
  /** Milliseconds that each step takes. */
  readonly takesMs: number;
  /** How often it gives up its lanes and comes back. */
  readonly yields: number;
}

/** What an operator does, to which work and when. */
interface Call {
  readonly what: 'retry' | 'drop' | 'repair' | 'delete row';
  readonly of: number;
  readonly atMs: number;
}

const stories = fc.array(
  fc.record({
    lanes: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 2 }),
    isParked: fc.boolean(),
    takesMs: fc.nat(20),
    yields: fc.nat(1),
  }),
  { minLength: 2, maxLength: 6 },
);

/** Calls about the same work come close together, so that they overlap. */
const calls = fc
  .array(
    fc.record({
      whats: fc.array(fc.constantFrom<Call['what'][]>('retry', 'drop', 'repair', 'delete row'), {
        minLength: 1,
        maxLength: 4,
      }),
      of: fc.nat(5),
      atMs: fc.nat(60),
      apartMs: fc.nat(12),
    }),
    { maxLength: 8 },
  )
  .map((bursts) =>
    bursts.flatMap(({ whats, of, atMs, apartMs }) =>
      whats.map((what, index): Call => ({ what, of, atMs: atMs + index * apartMs })),
    ),
  );

/** How long the store and the watcher of lanes take, drawn for each call. */
const pauses = fc.infiniteStream(fc.nat(8));

/** Records what must not happen. */
class World implements LaneWatcher {
  readonly clock = new ManualClock();
  readonly metadata = new MemoryMetadataStore();
  readonly problems: string[] = [];
  readonly dropped = new Set<string>();
  readonly deleted = new Set<string>();
  readonly #stories: readonly Story[];
  readonly #pauses: Iterator<number>;
  readonly #yieldsLeft: number[];
  readonly #holders = new Map<string, string>();
  readonly #taken = new Map<string, number>();

  constructor(list: readonly Story[], drawn: Iterator<number>) {
    this.#stories = list;
    this.#pauses = drawn;
    this.#yieldsLeft = list.map(({ yields }) => yields);
  }

  pause(): Promise<void> {
    return this.clock.sleep(this.#pauses.next().value ?? 0);
  }

  /** The store, whose calls take a while before and after they are done. */
  slowStore(): MetadataStore {
    const { metadata } = this;
    const slowly = async <Result>(call: () => Promise<Result>): Promise<Result> => {
      await this.pause();
      const result = await call();
      await this.pause();
      return result;
    };
    return {
      read: (work) => slowly(() => metadata.read(work)),
      write: (work) => slowly(() => metadata.write(work)),
      reset: (keep) => metadata.reset(keep),
      close: () => metadata.close(),
    };
  }

  async take(lanes: readonly string[]): Promise<void> {
    this.#count(lanes, 1);
    await this.pause();
  }

  free(lanes: readonly string[]): void {
    this.#count(lanes, -1);
  }

  /** The lanes that the watcher has not been given back as often as they were taken. */
  get unfreed(): readonly string[] {
    return [...this.#taken].filter(([, times]) => times !== 0).map(([lane]) => lane);
  }

  async act({ name, lanes }: TestInput): Promise<void> {
    for (const lane of lanes) {
      const other = this.#holders.get(lane);
      if (other !== undefined) this.problems.push(`${name} runs beside ${other}`);
      if (!this.#taken.get(lane)) this.problems.push(`${name} runs in ${lane}, which was freed`);
      this.#holders.set(lane, name);
    }
    await this.clock.sleep(this.#stories[Number(name)]?.takesMs ?? 0);
    if (this.dropped.has(name)) this.problems.push(`${name} runs after it was dropped`);
    for (const lane of lanes) this.#holders.delete(lane);
  }

  yieldsNow({ name }: TestInput): boolean {
    const index = Number(name);
    const left = this.#yieldsLeft[index] ?? 0;
    this.#yieldsLeft[index] = left - 1;
    return left > 0;
  }

  #count(lanes: readonly string[], change: number): void {
    for (const lane of lanes) this.#taken.set(lane, (this.#taken.get(lane) ?? 0) + change);
  }
}

function definitionOf(world: World) {
  const act = (_: TestContext, input: TestInput) => world.act(input);
  return defineTest({
    kind: 'slow',
    steps: [
      { name: 'first', run: act, save: true },
      {
        name: 'second',
        run: {
          async perform(_, input) {
            await world.act(input);
            if (world.yieldsNow(input)) throw new StepFailure('Busy', 'later');
          },
          retry: [{ on: ['Busy'], pauseMs: 10, yields: true }],
        },
      },
      {
        name: 'third',
        run: async (_, { name }) => {
          return async (tx) => {
            const before = await tx.get('setting', name);
            await tx.put('setting', { id: name, value: `${before?.value ?? ''}done` });
          };
        },
      },
    ],
  });
}

/** Begins the work of the stories in order, by a server that only writes the rows. */
async function writeRows(world: World, list: readonly Story[]): Promise<readonly WorkflowId[]> {
  const today = definitionOf(world);
  const tomorrow = defineTest({ kind: 'slow', version: 2 });
  const { begin } = bench(today, { metadata: world.metadata });
  const ids: WorkflowId[] = [];
  for (const [index, { isParked, lanes }] of list.entries()) {
    ids.push(await begin(isParked ? tomorrow : today, String(index), lanes));
  }
  return ids;
}

type Act = (
  world: World,
  engine: WorkflowEngine,
  work: { id: WorkflowId; name: string },
) => unknown;

const acts: Readonly<Record<Call['what'], Act>> = {
  async retry({ dropped, problems }, engine, { id, name }) {
    await engine.retry(id);
    if (dropped.has(name)) problems.push(`${name} was retried after it was dropped`);
  },
  async drop({ dropped }, engine, { id, name }) {
    await engine.drop(id);
    dropped.add(name);
  },
  repair: ({ metadata }, _, { id }) =>
    metadata.write(async (tx) => {
      const row = await tx.get('workflow', id);
      if (row) await tx.put('workflow', { ...row, version: 1 });
    }),
  'delete row': ({ metadata, deleted }, _, { id, name }) => {
    deleted.add(name);
    return metadata.write((tx) => tx.delete('workflow', id));
  },
};

async function play(world: World, list: readonly Story[], drawn: readonly Call[]) {
  const ids = await writeRows(world, list);
  const { clock } = world;
  const metadata = world.slowStore();
  const { engine } = bench(definitionOf(world), { metadata, clock, options: { lanes: world } });
  let going = drawn.length + 1;
  const call = async ({ what, of, atMs }: Call) => {
    const id = ids[of];
    await clock.sleep(atMs);
    if (id) await acts[what](world, engine, { id, name: String(of) });
  };
  const end = () => {
    going -= 1;
  };
  const failed = (error: unknown) => {
    if (!(error instanceof WorkNotFoundError)) world.problems.push(String(error));
  };
  for (const each of drawn) void call(each).catch(failed).finally(end);
  void engine.resume().catch(failed).finally(end);
  while (going > 0) await clock.advance(5);
  // What is parked still is dropped, until all work has ended.
  for (let rounds = 0; engine.list().length > 0 && rounds < 1000; rounds += 1) {
    for (const { workflow } of engine.list('parked')) {
      const of = ids.indexOf(workflow.id);
      void call({ what: 'drop', of, atMs: 0 }).catch(failed);
    }
    await clock.advance(20);
  }
  // A run whose work was dropped may still wait for its lanes.
  await clock.advance(20);
  return engine.list();
}

/** The work that has come to its end, and how often. */
async function endsOf({ metadata }: World): Promise<Readonly<Record<string, unknown>>> {
  const ends = await metadata.read((reader) => reader.list('setting'));
  return Object.fromEntries(ends.map(({ id, value }) => [id, value]));
}

test('over random retries and drops no lane is shared or freed too early, and nothing runs after its drop', async () => {
  await fc.assert(
    fc.asyncProperty(stories, calls, pauses, async (list, drawn, pausing) => {
      const world = new World(list, pausing);
      expect(await play(world, list, drawn)).toEqual([]);
      expect([world.problems, world.unfreed]).toEqual([[], []]);
      const ends = await endsOf(world);
      for (const name of list.keys().map(String)) {
        const mayEnd = !world.dropped.has(name);
        const mustEnd = mayEnd && !world.deleted.has(name);
        if (ends[name] !== undefined || mustEnd) {
          expect([name, mayEnd, ends[name]]).toEqual([name, true, 'done']);
        }
      }
    }),
    { numRuns: 150 },
  );
});
