import { FakeWorld, type Fault, FaultPlan } from '@bakehouse/fakes';
import { checkWorld } from './check-world.ts';
import { type PlatformRun, startPlatform } from './simulated-platform.ts';

export interface Scenario<Facts> {
  /** Makes what the act needs; without faults. */
  prepare(run: PlatformRun, world: FakeWorld): Promise<Facts>;
  /** Calls operations; heeds no refusal, as any call to the outside may fail. */
  act(run: PlatformRun, facts: Facts, world: FakeWorld): Promise<void>;
  /** What must be true at rest, beside `checkWorld`. */
  verdict(world: FakeWorld, facts: Facts, run: PlatformRun): Promise<void>;
}

interface Trial {
  readonly world: FakeWorld;
  /** Of all calls to ports in the second life, those before the act. */
  readonly callsBefore: number;
  readonly calls: readonly string[];
}

async function tryWith<Facts>(scenario: Scenario<Facts>, plan: FaultPlan): Promise<Trial> {
  const world = new FakeWorld({ seed: 'fault at each call' });
  const before = await startPlatform(world);
  const facts = await scenario.prepare(before, world);
  await before.rest();
  before.life.end();
  let run = await startPlatform(world, plan);
  const callsBefore = plan.calls.length;
  if (!run.life.isOver) await scenario.act(run, facts, world);
  if (!run.life.isOver) await run.rest();
  if (run.life.isOver) run = await startPlatform(world);
  await run.rest();
  // What the reconciler finds at a start must be nothing.
  run.life.end();
  const after = await startPlatform(world);
  await after.rest();
  await checkWorld(world);
  await scenario.verdict(world, facts, after);
  return { world, callsBefore, calls: plan.calls };
}

/** A store that fails for good ends the server, so that of its calls only crashes are tried. */
const faultsOf = (call: string): readonly Fault[] =>
  call.startsWith('metadata.') ? ['crash'] : ['before', 'after', 'crash'];

/**
 * The generic laws of workflows: whatever call to the outside fails, fails after it was done, or is the last
 * that the server makes, the platform comes to a rest that is whole. Returns how many faults were tried.
 */
export async function faultAtEachCall<Facts>(scenario: Scenario<Facts>): Promise<number> {
  const { callsBefore, calls } = await tryWith(scenario, new FaultPlan());
  let tried = 0;
  for (const [index, call] of calls.entries()) {
    if (index < callsBefore) continue;
    for (const fault of faultsOf(call)) {
      try {
        await tryWith(scenario, new FaultPlan([{ call: index + 1, fault }]));
      } catch (cause) {
        throw new Error(`fault '${fault}' at call ${index - callsBefore + 1}, ${call}`, { cause });
      }
      tried += 1;
    }
  }
  return tried;
}
