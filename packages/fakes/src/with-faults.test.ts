import { expect, test } from 'vitest';
import { FaultPlan, InjectedFault } from './faults.ts';
import { Life } from './life.ts';
import { seededRandom } from './seeded-random.ts';
import { settle } from './settle.ts';
import { withFaults } from './with-faults.ts';

class Counter {
  #count = 0;
  async add(step: number): Promise<number> {
    this.#count += step;
    return this.#count;
  }
  async ask(question: (count: number) => string): Promise<string> {
    return question(this.#count);
  }
  get count(): number {
    return this.#count;
  }
}

async function settled(promise: Promise<unknown>): Promise<unknown> {
  let outcome: unknown = 'pending';
  promise.then(
    (value) => {
      outcome = value;
    },
    (error: unknown) => {
      outcome = error;
    },
  );
  await settle();
  return outcome;
}

test.each([
  ['before', 1, InjectedFault],
  ['after', 3, InjectedFault],
] as const)(
  'a fault %s the effect leaves a count of %i and throws',
  async (fault, count, error) => {
    const counter = new Counter();
    const plan = new FaultPlan([{ port: 'counter', member: 'add', call: 2, fault }]);
    const faulty = withFaults(counter, { name: 'counter', plan });
    expect(await faulty.add(1)).toBe(1);
    await expect(faulty.add(2)).rejects.toThrow(error);
    expect(counter.count).toBe(count);
    expect(await faulty.add(10)).toBe(count + 10);
    expect(plan.calls).toEqual(['counter.add', 'counter.add', 'counter.add']);
  },
);

test('a crash has its effect, is never answered, and nothing after it has an effect', async () => {
  const counter = new Counter();
  const life = new Life();
  const plan = new FaultPlan([{ call: 2, fault: 'crash' }]);
  const faulty = withFaults(counter, { name: 'counter', plan, life });
  await faulty.add(1);
  expect(await settled(faulty.add(2))).toBe('pending');
  expect(life.isOver).toBe(true);
  expect(counter.count).toBe(3);
  expect(await settled(faulty.add(4))).toBe('pending');
  expect(counter.count).toBe(3);
});

test.each(['rejects', 'throws'] as const)('a call that %s crashes like any other', async (how) => {
  const refusal = new Error('refused');
  const port = {
    rejects: () => Promise.reject(refusal),
    throws(): Promise<never> {
      throw refusal;
    },
  };
  const life = new Life();
  const plan = new FaultPlan([{ call: 1, fault: 'crash' }]);
  const faulty = withFaults(port, { name: 'port', plan, life });
  expect(await settled(faulty[how]())).toBe('pending');
  expect(life.isOver).toBe(true);
});

test('callbacks of a life that is over are not called', async () => {
  const life = new Life();
  const heard: number[] = [];
  const emitter = {
    listeners: [] as ((n: number) => void)[],
    watch(listener: (n: number) => void) {
      this.listeners.push(listener);
    },
  };
  const wrapped = withFaults(emitter, { name: 'emitter', plan: new FaultPlan(), life });
  wrapped.watch((n) => heard.push(n));
  for (const listener of emitter.listeners) listener(1);
  life.end();
  for (const listener of emitter.listeners) listener(2);
  expect(heard).toEqual([1]);
});

test('chance spares what is excepted, and repeats with its seed', async () => {
  const run = async (seed: number) => {
    const plan = new FaultPlan([], {
      random: seededRandom(seed),
      probability: 0.5,
      faults: ['before', 'after'],
      except: ['counter.ask'],
    });
    const faulty = withFaults(new Counter(), { name: 'counter', plan });
    const outcomes: string[] = [];
    for (let call = 0; call < 30; call += 1) {
      expect(await faulty.ask((count) => `${count >= 0}`)).toBe('true');
      outcomes.push(await faulty.add(1).then(String, (error: Error) => error.message));
    }
    return outcomes;
  };
  expect(await run(5)).toEqual(await run(5));
  expect(new Set((await run(5)).map((outcome) => outcome.startsWith('injected')))).toEqual(
    new Set([true, false]),
  );
});
