import type { Workflow } from '@bakehouse/domain';
import { FakeWorld } from '@bakehouse/fakes';
import { firstFormat } from '@bakehouse/orchestration/testing';
import { expect, test } from 'vitest';
import { checkWorld } from './check-world.ts';
import { startPlatform } from './simulated-platform.ts';
import {
  crashingAt,
  failingAt,
  type Place,
  placeName,
  places,
  repeatingAt,
  type Tamper,
  tamperedWith,
} from './tampered-workflows.ts';
import { setStage, workflowScenes } from './workflow-scenes.ts';

/**
 * The generic laws of workflows, over every action of every kind: one that fails is undone or tried again, one that is
 * repeated does no harm, and a crash before or after it is recovered from. Afterwards the platform is whole.
 */

interface Trial {
  readonly scene: string;
  readonly tamper: (die: () => void) => Tamper;
  /** Changes the store between the crash and the next start. */
  readonly meanwhile?: (world: FakeWorld) => Promise<void>;
}

async function tryScene({ scene, tamper, meanwhile }: Trial): Promise<void> {
  const world = new FakeWorld({ seed: 'every workflow' });
  const before = await startPlatform(world);
  const stage = await setStage(before, world);
  await before.rest();
  before.life.end();
  const run = await startPlatform(world, undefined, tamperedWith(tamper(() => run.life.end())));
  await workflowScenes[scene]?.(run, stage, world);
  if (!run.life.isOver) await run.rest();
  run.life.end();
  await meanwhile?.(world);
  const next = await startPlatform(world);
  await next.rest();
  next.life.end();
  // What the reconcilers find at one more start must be nothing.
  const after = await startPlatform(world);
  await after.rest();
  await checkWorld(world);
}

/** The last action of the kind that goes forward: when it fails, all of its steps are undone. */
function lastRun({ kind }: Place): string {
  const last = places.findLast((place) => place.kind === kind && place.direction === 'run');
  if (!last) throw new Error(`${kind} does nothing`);
  return placeName(last);
}

/** Undoing is reached by a failure of the last action. */
function reaching(place: Place, tamper: Tamper): Tamper {
  if (place.direction === 'run') return tamper;
  const fail = failingAt(lastRun(place), 'before');
  return (at, attempt) => fail(at, () => tamper(at, attempt));
}

/** The places that each scene comes to, forward, and back when the last action of a kind fails. */
async function reachedBy(scene: string): Promise<ReadonlySet<string>> {
  const reached = new Set<string>();
  const record: Tamper = async (place, attempt) => {
    reached.add(placeName(place));
    return await attempt();
  };
  await tryScene({ scene, tamper: () => record });
  const kinds = new Set(places.filter((place) => reached.has(placeName(place))).map((p) => p.kind));
  for (const place of places.filter((each) => kinds.has(each.kind) && each.direction === 'undo')) {
    await tryScene({ scene, tamper: () => reaching(place, record) });
  }
  return reached;
}

const scenes = new Map<string, string>();
for (const scene of Object.keys(workflowScenes)) {
  for (const name of await reachedBy(scene)) if (!scenes.has(name)) scenes.set(name, scene);
}
const cases = places.flatMap((place) => {
  const name = placeName(place);
  const scene = scenes.get(name);
  return scene === undefined ? [] : [{ name, place, scene }];
});

test('the scenes together reach every action of every workflow', () => {
  expect(places.map(placeName).filter((name) => !scenes.has(name))).toEqual([]);
});

test.each(cases)('$name fails, before and after it is done: a whole is left', async (each) => {
  for (const when of ['before', 'after'] as const) {
    const tamper = () => reaching(each.place, failingAt(each.name, when));
    await tryScene({ scene: each.scene, tamper });
  }
});

test.each(cases)('$name is repeated: no harm', async (each) => {
  await tryScene({
    scene: each.scene,
    tamper: () => reaching(each.place, repeatingAt(each.name)),
  });
});

test.each(cases)('a crash before and after $name: recovered', async (each) => {
  for (const when of ['before', 'after'] as const) {
    const tamper = (die: () => void) => reaching(each.place, crashingAt(each.name, when, die));
    await tryScene({ scene: each.scene, tamper });
  }
});

/** The row as the first format had it; undefined at a step that came later. */
function asFirstFormat(row: Workflow): object | undefined {
  const { version: _, step, owner: __, epoch: ___, failure, retries: ____, ...rest } = row;
  const isForward = row.state === 'running';
  const at = firstFormat.stepNames[row.kind]?.indexOf(step) ?? -1;
  // A launch begins with a step that came later and does nothing forward.
  const isBeginning = isForward && row.kind === 'start-instance' && step === 'policy';
  if (at < 0 && !isBeginning) return undefined;
  const cursor = isForward ? Math.max(at, 0) : at + 1;
  return { ...rest, cursor, attempts: 0, ...(failure ? { failure: failure.message } : {}) };
}

test('rows of the first format, at every step that had one, are gone on with', async () => {
  const converted = new Set<string>();
  for (const { place, name, scene } of cases) {
    await tryScene({
      scene,
      tamper: (die) => reaching(place, crashingAt(name, 'before', die)),
      meanwhile: (world) =>
        world.metadata.write(async (tx) => {
          for (const row of await tx.list('workflow')) {
            const old = asFirstFormat(row);
            if (!old) continue;
            await tx.put('workflow', old as Workflow);
            converted.add(row.kind);
          }
        }),
    });
  }
  expect(converted).toEqual(new Set(Object.keys(firstFormat.stepNames)));
});
