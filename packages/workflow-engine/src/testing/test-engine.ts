import type { LogFields, Logger } from '@bakehouse/base';
import type { Lease, MetadataStore } from '@bakehouse/domain';
import { ManualClock, MemoryMetadataStore, seededIds } from '@bakehouse/fakes';
import {
  type AnyWorkflowDefinition,
  defineWorkflow,
  type WorkflowDefinition,
  type WorkflowPlan,
} from '../definition.ts';
import { createWorkflowEngine, type WorkflowEngineOptions } from '../engine.ts';

/** What the steps of tests work with: a log of what they did. */
export interface TestContext {
  readonly log: string[];
}

/** Names the work in logs; `lanes` are its lanes. */
export interface TestInput {
  readonly name: string;
  readonly lanes: readonly string[];
}

export type TestPlan = WorkflowPlan<TestContext, TestInput, string>;
export type TestDefinition = WorkflowDefinition<TestContext, TestInput>;

/** A step's action that logs a word and the work's name. */
export const note =
  (word: string) =>
  async ({ log }: TestContext, { name }: TestInput): Promise<void> => {
    log.push(`${word} ${name}`);
  };

function readTestInput(value: unknown): TestInput {
  if (typeof value !== 'object' || value === null || !('name' in value) || !('lanes' in value)) {
    throw new Error('a name and lanes are expected');
  }
  const { name, lanes } = value;
  if (typeof name !== 'string' || !Array.isArray(lanes)) throw new Error('of another type');
  return { name, lanes: lanes.map(String) };
}

/** Three steps that log what they do; `changes` replaces parts. */
export function defineTest(changes: Partial<TestPlan> = {}): TestDefinition {
  return defineWorkflow<TestContext, TestInput, string>({
    kind: 'three-steps',
    version: 1,
    readInput: readTestInput,
    place: async (_, { lanes }) => ({ region: 'us-east-1', lanes }),
    onFailure: 'unwind',
    steps: [
      { name: 'first', run: note('first'), undo: note('undo first') },
      { name: 'second', run: note('second'), undo: note('undo second') },
      { name: 'third', run: note('third'), undo: note('undo third') },
    ],
    ...changes,
  });
}

/** A lease that a test can take away. */
export function testLease(epoch: number): Lease & { lose(): void } {
  const ending = new AbortController();
  return {
    holder: `server ${epoch}`,
    epoch,
    lost: ending.signal,
    lose: () => ending.abort(new Error('the lease is lost')),
  };
}

/** Collects the lines of a log. */
function logTo(lines: { message: string; fields: LogFields }[]): Logger {
  const logger: Logger = {
    log: (_, message, fields = {}) => void lines.push({ message, fields }),
    with: () => logger,
  };
  return logger;
}

export interface BenchOptions {
  readonly metadata?: MetadataStore;
  readonly clock?: ManualClock;
  readonly log?: string[];
  readonly lines?: { message: string; fields: LogFields }[];
  readonly options?: Partial<WorkflowEngineOptions<TestContext>>;
}

/** Engines over one store must not draw the same ids. */
let engines = 0;

/** An engine over memory, and what a test looks at. */
export function bench(
  definitions: TestDefinition | readonly AnyWorkflowDefinition<TestContext>[],
  shared: BenchOptions = {},
) {
  const {
    metadata = new MemoryMetadataStore(),
    clock = new ManualClock(),
    log = [],
    lines = [],
  } = shared;
  engines += 1;
  const all = 'kind' in definitions ? [definitions] : definitions;
  const engine = createWorkflowEngine<TestContext>({
    metadata,
    clock,
    logger: logTo(lines),
    ids: seededIds(`engine ${engines}`),
    definitions: all,
    context: () => ({ log }),
    ...shared.options,
  });
  const begin = (definition: TestDefinition, name: string, lanes: readonly string[] = [name]) =>
    engine.write((tx) => definition.enqueue(tx, { name, lanes }));
  const rows = () => metadata.read((reader) => reader.list('workflow'));
  return { engine, metadata, clock, log, lines, begin, rows };
}

/** Something that a step waits for, and the test opens. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}
