import {
  type Compute,
  type ForkedMachine,
  type InstanceId,
  type MachineSpec,
  MemoryNotKeptError,
} from '@bakehouse/domain';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { OpenedCompute } from './describe-compute-driver.ts';

const one: InstanceId = 'i-00000000000000001';
const two: InstanceId = 'i-00000000000000002';
const limits = { limitMs: 60_000, signal: new AbortController().signal };

/** The promises of `GuestForker`. `open` makes a driver without machines. */
export function describeGuestForker(name: string, open: () => Promise<OpenedCompute>): void {
  describe(`${name} is a GuestForker`, () => {
    let opened: OpenedCompute;
    let compute: Compute;
    beforeEach(async () => {
      opened = await open();
      compute = opened.compute;
      await compute.adopt();
    });
    afterEach(() => opened.dispose());

    /** A machine that runs, and one that is to be its fork. */
    const plan = async () => {
      const parent = await opened.aForkable(one);
      const child: MachineSpec = { ...(await opened.aForkable(two)), forkOf: one };
      const disks = parent.disks.map(({ volumeId }, at) => {
        const copy = child.disks[at];
        if (!copy) throw new Error('both machines have the same disks');
        return { volumeId, copyId: copy.volumeId };
      });
      const fork: ForkedMachine = { instanceId: two, disks };
      return { parent, child, fork };
    };
    const forkRunning = async () => {
      const planned = await plan();
      await compute.start(planned.parent);
      const isReady = async () => expect(await compute.forkRefusal(one)).toBeUndefined();
      await vi.waitFor(isReady, { timeout: 30_000 });
      await compute.fork(planned.parent, { ...limits, forks: [planned.fork] });
      return planned;
    };

    test('a fork goes on once, also after a restart of the control plane; the guest runs on', async () => {
      const { child } = await forkRunning();
      const [memory, ...others] = await compute.keptMemory();
      expect(memory).toEqual({ instanceId: two, bytes: expect.any(Number) });
      expect(memory?.bytes).toBeGreaterThan(0);
      expect(others).toEqual([]);
      expect(await compute.list()).toMatchObject([{ instanceId: one, state: 'running' }]);
      compute = await opened.restart();
      await compute.start(child);
      await compute.start(child);
      expect(await compute.list()).toMatchObject([{ instanceId: one }, { instanceId: two }]);
      const forkOf = { restoredAt: expect.any(Number), forkOf: one };
      await vi.waitFor(async () => expect((await compute.readBoot(two))?.memory).toEqual(forkOf), {
        timeout: 30_000,
      });
      expect(await compute.keptMemory()).toEqual([]);
      await compute.kill(two);
      await expect(compute.start(child)).rejects.toThrow();
    });

    test('what is kept for a fork is removed when it is ended or forgotten: it does not start', async () => {
      const { child, fork } = await forkRunning();
      await compute.endFork(one, [fork]);
      await compute.endFork(one, [fork]);
      expect(await compute.kept()).toEqual([one]);
      expect(await compute.keptMemory()).toEqual([]);
      await expect(compute.start(child)).rejects.toThrow();
      expect(await compute.list()).toMatchObject([{ instanceId: one, state: 'running' }]);
    });

    test('a machine that does not run is not forked', async () => {
      const { parent, fork } = await plan();
      expect(await compute.forkRefusal(one)).toEqual(expect.any(String));
      const refused = compute.fork(parent, { ...limits, forks: [fork] });
      await expect(refused).rejects.toBeInstanceOf(MemoryNotKeptError);
      await compute.endFork(one, [fork]);
      expect(await compute.kept()).toEqual([]);
    });
  });
}
