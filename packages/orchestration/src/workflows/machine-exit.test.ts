import { silentLogger } from '@bakehouse/base';
import type { InstanceId, MachineSpec } from '@bakehouse/domain';
import { ManualClock, SimulatedCompute, settle } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { hasMachine, shutDown } from './machine-exit.ts';

const hung: InstanceId = 'i-00000000000000001';
const ending: InstanceId = 'i-00000000000000002';
const never = new AbortController().signal;

const spec = (instanceId: InstanceId): MachineSpec => ({
  instanceId,
  generation: 1,
  instanceType: 't3.micro',
  architecture: 'x86_64',
  cpus: { cores: 1, threadsPerCore: 1 },
  memoryMiB: 1024,
  disks: [],
  ephemeralDisks: [],
  nics: [{ nicId: 'eni-1', macAddress: '02:00:00:00:00:01', port: instanceId }],
});

const unsettled = new Promise<never>(() => {});

/** One machine hangs so badly that no look at it, or at all machines, ever settles. */
class HungCompute extends SimulatedCompute {
  override list() {
    return unsettled;
  }

  override find(id: InstanceId) {
    return id === hung ? unsettled : super.find(id);
  }
}

async function bench() {
  const clock = new ManualClock();
  const compute = new HungCompute({ clock });
  await compute.start(spec(hung));
  await compute.start(spec(ending));
  return { clock, compute, context: { compute, clock, logger: silentLogger } };
}

test('a machine that hangs does not delay the end of another', async () => {
  const { context } = await bench();
  const limits = { limitMs: 60_000, signal: never };
  expect(await shutDown(context, ending, limits)).toBe('powered-off');
  expect(await hasMachine(context, ending)).toBe(false);
});

test('a guest that ignores the power button is killed at the limit', async () => {
  const { clock, compute, context } = await bench();
  compute.ignorePowerButton(ending);
  const ended = shutDown(context, ending, { limitMs: 30_000, signal: never });
  for (let elapsedMs = 0; elapsedMs < 30_000; elapsedMs += 200) {
    await settle();
    await clock.advance(200);
  }
  expect(await ended).toBe('killed');
  expect(await hasMachine(context, ending)).toBe(false);
});

test('a limit that gets shorter meanwhile counts', async () => {
  const { clock, compute, context } = await bench();
  compute.ignorePowerButton(ending);
  let limitMs = 30_000;
  const shorterLimitMs = () => limitMs;
  const ended = shutDown(context, ending, { limitMs, signal: never, shorterLimitMs });
  await settle();
  limitMs = 0;
  for (let elapsedMs = 0; elapsedMs < 2_000; elapsedMs += 200) {
    await settle();
    await clock.advance(200);
  }
  expect(await ended).toBe('killed');
});
