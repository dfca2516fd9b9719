import { type Compute, type InstanceId, MemoryNotKeptError } from '@bakehouse/domain';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { OpenedCompute } from './describe-compute-driver.ts';

const one: InstanceId = 'i-00000000000000001';
const two: InstanceId = 'i-00000000000000002';
const limits = { limitMs: 60_000, signal: new AbortController().signal };

/** The promises of `MemoryKeeper`. `open` makes a driver without machines. */
export function describeMemoryKeeper(name: string, open: () => Promise<OpenedCompute>): void {
  describe(`${name} is a MemoryKeeper`, () => {
    let opened: OpenedCompute;
    let compute: Compute;
    beforeEach(async () => {
      opened = await open();
      compute = opened.compute;
      await compute.adopt();
    });
    afterEach(() => opened.dispose());

    const keep = async (instanceId: InstanceId) => {
      const spec = await opened.aTemplate(instanceId);
      await compute.start(spec);
      await compute.keepMemory(spec, limits);
      return spec;
    };
    const memoryOf = async (instanceId: InstanceId) => {
      const isRecorded = async () => expect(await compute.readBoot(instanceId)).toBeDefined();
      await vi.waitFor(isRecorded, { timeout: 30_000 });
      return (await compute.readBoot(instanceId))?.memory;
    };

    const expectMemoryOf = async (instanceId: InstanceId) => {
      const [memory, ...others] = await compute.keptMemory();
      expect(memory).toEqual({ instanceId, bytes: expect.any(Number) });
      expect(memory?.bytes).toBeGreaterThan(0);
      expect(others).toEqual([]);
    };

    test('the memory of a guest that waits for a card is kept once, which ends its machine', async () => {
      const ends: unknown[] = [];
      compute.watch((event) => ends.push(event));
      const spec = await keep(one);
      expect(await compute.list()).toEqual([]);
      expect(await compute.kept()).toEqual([one]);
      await expectMemoryOf(one);
      await compute.keepMemory(spec, limits);
      expect(await compute.list()).toEqual([]);
      const end = { kind: 'exited', instanceId: one, reason: 'killed' };
      await vi.waitFor(() => expect(ends).toEqual([expect.objectContaining(end)]));
    });

    test('another machine goes on from it, also after a restart of the control plane', async () => {
      expect(await compute.keptMemory()).toEqual([]);
      await keep(one);
      compute = await opened.restart();
      await compute.start({ ...(await opened.aSpec(two)), memoryOf: one });
      expect(await compute.list()).toMatchObject([{ instanceId: two, state: 'running' }]);
      expect(await memoryOf(two)).toEqual({ restoredAt: expect.any(Number) });
      await expectMemoryOf(one);
    });

    test('once: a start that is repeated after its guest has begun boots, and says why', async () => {
      await keep(one);
      const spec = { ...(await opened.aSpec(two)), memoryOf: one };
      await compute.start(spec);
      expect(await memoryOf(two)).toEqual({ restoredAt: expect.any(Number) });
      for (const _ of ['again', 'and again']) {
        await compute.kill(two);
        compute = await opened.restart();
        await compute.start(spec);
        const bootedBecause = 'it has gone on from the template before';
        await vi.waitFor(async () => expect(await memoryOf(two)).toEqual({ bootedBecause }));
      }
    });

    test('a machine with other hardware boots, and says why', async () => {
      await keep(one);
      const spec = await opened.aSpec(two);
      const memoryMiB = 2 * spec.memoryMiB;
      await compute.start({ ...spec, memoryMiB, memoryOf: one });
      expect(await memoryOf(two)).toEqual({ bootedBecause: expect.stringContaining('memory') });
    });

    test('what was forgotten is no obstacle: the machine boots', async () => {
      await keep(one);
      await compute.forget(one);
      expect(await compute.keptMemory()).toEqual([]);
      await compute.start({ ...(await opened.aSpec(two)), memoryOf: one });
      expect(await compute.list()).toMatchObject([{ instanceId: two, state: 'running' }]);
      expect(await memoryOf(two)).toEqual({ bootedBecause: 'the template no longer exists' });
    });

    test('a machine that does not run has none to keep', async () => {
      const spec = await opened.aTemplate(one);
      await expect(compute.keepMemory(spec, limits)).rejects.toBeInstanceOf(MemoryNotKeptError);
    });
  });
}
