import {
  FaultPlan,
  Life,
  ManualClock,
  MemoryMetadataStore,
  mortalClock,
  settle,
  withFaults,
} from '@bakehouse/fakes';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Commit, WorkflowStep } from './definition.ts';
import { StepFailure } from './step-failure.ts';
import {
  bench,
  defineTest,
  type TestContext,
  type TestInput,
  testLease,
} from './testing/test-engine.ts';

/** What one piece of work does, drawn at random. */
interface Story {
  readonly lanes: readonly ('a' | 'b' | 'c' | 'd')[];
  readonly kind: 'unwinds' | 'retries';
  /** Milliseconds that each step takes. */
  readonly takesMs: number;
  /** How often its second step fails; more than its rule allows makes it unwind. */
  readonly failures: number;
}

const stories = fc.array(
  fc.record({
    lanes: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 3 }),
    kind: fc.constantFrom('unwinds' as const, 'retries' as const),
    takesMs: fc.nat(20),
    failures: fc.nat(4),
  }),
  { minLength: 1, maxLength: 10 },
);
/** After how many calls of the store each server dies. */
const crashes = fc.array(fc.integer({ min: 1, max: 25 }), { maxLength: 6 });

/** One world: what was begun, and what the steps of all servers did to it. */
class World {
  readonly clock = new ManualClock();
  readonly metadata = new MemoryMetadataStore();
  readonly stories: readonly Story[];
  readonly left: number[];
  /** Which work has each lane in the server that is alive. */
  readonly holders = new Map<string, string>();
  readonly started: string[] = [];
  readonly problems: string[] = [];
  epoch = 0;

  constructor(list: readonly Story[]) {
    this.stories = list;
    this.left = list.map(({ failures }) => failures);
  }

  async act(clock: Pick<ManualClock, 'sleep'>, { name, lanes }: TestInput): Promise<void> {
    for (const lane of lanes) {
      const other = this.holders.get(lane);
      if (other !== undefined && other !== name) this.problems.push(`${name} beside ${other}`);
      this.holders.set(lane, name);
    }
    if (!this.started.includes(name)) this.started.push(name);
    await clock.sleep(this.stories[Number(name)]?.takesMs ?? 0);
    for (const lane of lanes) this.holders.delete(lane);
  }

  failNow({ name }: TestInput): boolean {
    const index = Number(name);
    const left = this.left[index] ?? 0;
    this.left[index] = left - 1;
    return left > 0;
  }
}

function definitionsOf(world: World, clock: Pick<ManualClock, 'sleep'>) {
  const steps: WorkflowStep<TestContext, TestInput, string>[] = [
    {
      name: 'first',
      uses: 'disk',
      run: (_, input) => world.act(clock, input),
      undo: mark('undone'),
    },
    {
      name: 'second',
      run: {
        async perform(_, input) {
          await world.act(clock, input);
          if (world.failNow(input)) throw new StepFailure('Shaky', 'once more');
        },
        retry: [{ on: ['Shaky'], triesMax: 3, pauseMs: 5 }],
      },
    },
    { name: 'third', uses: 'disk', run: mark('done') },
  ];
  return {
    unwinds: defineTest({ kind: 'unwinds', steps }),
    retries: defineTest({
      kind: 'retries',
      onFailure: 'retry',
      steps: steps.filter(({ name }) => name !== 'second'),
    }),
  };
}

/** Counts each end in a record, so that an end that came twice shows. */
function mark(end: 'done' | 'undone') {
  return async (_: TestContext, { name }: TestInput): Promise<Commit> =>
    async (tx) => {
      const id = `${name} ${end}`;
      const before = await tx.get('setting', id);
      await tx.put('setting', { id, value: String(Number(before?.value ?? 0) + 1) });
    };
}

/** Runs a server until it dies after so many calls of its store, or has nothing left to do. */
async function live(world: World, crashAt: number | undefined, begin: boolean): Promise<void> {
  const life = new Life();
  const plan = new FaultPlan(crashAt === undefined ? [] : [{ call: crashAt, fault: 'crash' }]);
  const clock = mortalClock(world.clock, life);
  const definitions = definitionsOf(world, clock);
  world.epoch += 1;
  const server = bench(Object.values(definitions), {
    metadata: withFaults(world.metadata, { name: 'metadata', plan, life }),
    options: { clock, lease: testLease(world.epoch), widths: { disk: 2 } },
  });
  const work = async () => {
    await server.engine.resume();
    for (const [index, { kind, lanes }] of begin ? world.stories.entries() : []) {
      await server.begin(definitions[kind], String(index), lanes);
    }
    await server.engine.settle();
    return 'rests' as const;
  };
  let outcome: 'rests' | undefined;
  void work().then((end) => {
    outcome = end;
  });
  while (!outcome && !life.isOver) {
    await settle();
    await world.clock.advance(5);
  }
  life.end();
  world.holders.clear();
}

test('over random work and crashes no lane is shared, each lane keeps its order, and all work ends once', async () => {
  await fc.assert(
    fc.asyncProperty(stories, crashes, async (list, deaths) => {
      const world = new World(list);
      const [first, ...later] = deaths;
      // Enough calls for all to be committed.
      await live(world, first === undefined ? undefined : first + list.length * 2 + 2, true);
      for (const death of later) await live(world, death, false);
      await live(world, undefined, false);
      expect(world.problems).toEqual([]);
      expect(await world.metadata.read((reader) => reader.list('workflow'))).toEqual([]);
      const ends = await world.metadata.read((reader) => reader.list('setting'));
      expect(ends.map(({ value }) => value)).toEqual(ends.map(() => '1'));
      const ended = ends.map(({ id }) => id.split(' ')[0]);
      expect(new Set(ended).size).toBe(ended.length);
      expect(ended.toSorted()).toEqual(list.map((_, index) => String(index)).toSorted());
      for (const lane of ['a', 'b', 'c', 'd'] as const) {
        const order = world.started.map(Number).filter((at) => list[at]?.lanes.includes(lane));
        expect(order).toEqual(order.toSorted((x, y) => x - y));
      }
    }),
    { numRuns: 60 },
  );
});
