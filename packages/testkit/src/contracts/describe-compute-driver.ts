import type {
  Compute,
  InstanceId,
  MachineDisk,
  MachineEvent,
  MachineNic,
  MachineSpec,
} from '@bakehouse/domain';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

export interface OpenedCompute {
  readonly compute: Compute;
  /** A machine with this id that can be started: its disks and its network port exist. */
  aSpec(instanceId: InstanceId): Promise<MachineSpec>;
  /** A machine with this id and without a card, whose guest waits for one. */
  aTemplate(instanceId: InstanceId): Promise<MachineSpec>;
  /** As `aSpec`, with a guest that can become another instance. */
  aForkable(instanceId: InstanceId): Promise<MachineSpec>;
  /** One more disk that is there and free. */
  aFreeDisk(): Promise<MachineDisk>;
  /** One more network card, whose port exists and is free. */
  aFreeNic(): Promise<MachineNic>;
  /** The driver of the next control plane; the first one is used no more. */
  restart(): Promise<Compute>;
  /** False where both are of one process, in which the first keeps its connections to machines that run. */
  readonly restartFindsMachines: boolean;
  /** True when the machines' guests obey the power button. */
  readonly guestsObey: boolean;
  /** What stays the same for a machine from its start to its end, over reboots: for example its process. */
  identityOf(instanceId: InstanceId): Promise<unknown>;
  /** Makes a machine hang: it exists and does not respond. */
  hang(instanceId: InstanceId): Promise<void>;
  dispose(): Promise<void>;
}

const one: InstanceId = 'i-00000000000000001';
const two: InstanceId = 'i-00000000000000002';

/** The promises of `ComputeDriver` and its optional capabilities. `open` makes one without machines. */
export function describeComputeDriver(name: string, open: () => Promise<OpenedCompute>): void {
  describe(`${name} is a ComputeDriver`, () => {
    let opened: OpenedCompute;
    let compute: Compute;
    let events: MachineEvent[];
    beforeEach(async () => {
      opened = await open();
      compute = opened.compute;
      events = [];
      compute.watch((event) => events.push(event));
      await compute.adopt();
    });
    afterEach(() => opened.dispose());

    const start = async (instanceId: InstanceId) => {
      const spec = await opened.aSpec(instanceId);
      await compute.start(spec);
      return spec;
    };
    const eventually = (expected: Partial<MachineEvent>) =>
      vi.waitFor(() => expect(events).toContainEqual(expect.objectContaining(expected)), {
        timeout: 30_000,
      });

    test('a started machine is listed, and starting it again changes nothing', async () => {
      const spec = await start(one);
      const status = { instanceId: one, generation: spec.generation, state: 'running' };
      expect(await compute.list()).toEqual([status]);
      expect(await compute.find(one)).toEqual(status);
      expect(await compute.find(two)).toBeUndefined();
      const identity = await opened.identityOf(one);
      await compute.start(spec);
      expect(await compute.list()).toEqual([status]);
      expect(await opened.identityOf(one)).toEqual(identity);
    });

    test('a machine that hangs delays no look at another, and can be killed', async () => {
      await start(one);
      await start(two);
      await opened.hang(one);
      expect(await compute.find(two)).toMatchObject({ instanceId: two, state: 'running' });
      expect(await compute.list()).toMatchObject([{ instanceId: one }, { instanceId: two }]);
      await vi.waitFor(
        async () => expect(await compute.find(one)).toMatchObject({ state: 'unresponsive' }),
        { timeout: 30_000 },
      );
      await compute.kill(one);
      expect(await compute.list()).toMatchObject([{ instanceId: two, state: 'running' }]);
      await eventually({ kind: 'exited', instanceId: one, reason: 'killed' });
    });

    test('a killed machine is gone when kill resolves, and says so', async () => {
      const spec = await start(one);
      await start(two);
      await compute.kill(one);
      expect((await compute.list()).map(({ instanceId }) => instanceId)).toEqual([two]);
      const { generation } = spec;
      await eventually({ kind: 'exited', instanceId: one, generation, reason: 'killed' });
      await compute.kill(two);
    });

    test('a machine can be started again, in its next generation', async () => {
      const spec = await start(one);
      await compute.kill(one);
      await compute.start({ ...spec, generation: spec.generation + 1 });
      expect(await compute.list()).toMatchObject([
        { instanceId: one, generation: spec.generation + 1 },
      ]);
    });

    test('a start in a later generation replaces the machine, in an earlier one is refused', async () => {
      const spec = await start(one);
      const later = { ...spec, generation: spec.generation + 1 };
      await compute.start(later);
      await eventually({ kind: 'exited', instanceId: one, generation: spec.generation });
      await expect(compute.start(spec)).rejects.toThrow();
      expect(await compute.list()).toMatchObject([
        { instanceId: one, generation: later.generation, state: 'running' },
      ]);
    });

    test('what is done to a machine that is not there is no matter', async () => {
      await compute.kill(one);
      await compute.pressPowerButton(one);
      await compute.halt(one, { now: true });
      await compute.forget(one);
      await compute.detachDisk(one, 'vol-0000000000000000f', true);
      await compute.detachNic(one, 'eni-0000000000000000f', true);
      expect(await compute.readConsole(one)).toBeUndefined();
      expect(await compute.list()).toEqual([]);
    });

    test('the power button asks the guest to end', async ({ skip }) => {
      if (!opened.guestsObey) return skip('its guests do not obey');
      await start(one);
      await compute.pressPowerButton(one);
      await eventually({ kind: 'exited', instanceId: one, reason: 'guest-shutdown' });
      expect(await compute.list()).toEqual([]);
    });

    test('a halted machine is held until it is killed', async () => {
      await start(one);
      await compute.halt(one, { now: true });
      await compute.halt(one, { now: true });
      expect(await compute.list()).toMatchObject([{ instanceId: one, state: 'halted' }]);
      expect(events).toEqual([]);
      await compute.kill(one);
      await eventually({ kind: 'exited', instanceId: one, reason: 'killed' });
      expect(await compute.list()).toEqual([]);
    });

    test('a machine that is to be halted is held when its guest has shut down', async ({
      skip,
    }) => {
      if (!opened.guestsObey) return skip('its guests do not obey');
      await start(one);
      await compute.halt(one, { now: false });
      expect(await compute.list()).toMatchObject([{ state: 'running' }]);
      await compute.pressPowerButton(one);
      await vi.waitFor(async () =>
        expect(await compute.list()).toMatchObject([{ state: 'halted' }]),
      );
      await compute.kill(one);
      await eventually({ kind: 'exited', instanceId: one, reason: 'killed' });
    });

    test('a held guest is paused until it is released, and says why', async () => {
      const { generation } = await start(one);
      await start(two);
      expect(await compute.hold(one, 'the disk is full')).toBe(true);
      expect(await compute.hold(one, 'once more')).toBe(true);
      await eventually({ kind: 'paused', instanceId: one, reason: 'the disk is full' });
      const running = { instanceId: two, state: 'running' };
      expect(await compute.list()).toMatchObject([
        { instanceId: one, generation, state: 'paused' },
        running,
      ]);
      expect(await compute.hold(two, 'too')).toBe(true);
      expect(await compute.held()).toEqual([one, two]);
      expect(await compute.release(two)).toBe(true);
      await eventually({ kind: 'resumed', instanceId: two });
      expect(await compute.held()).toEqual([one]);
      expect(await compute.stalled()).toEqual(new Map([[one, 'the disk is full']]));
      expect(await compute.release(one)).toBe(true);
      expect(await compute.release(one)).toBe(true);
      await eventually({ kind: 'resumed', instanceId: one });
      expect(await compute.stalled()).toEqual(new Map());
      expect(await compute.list()).toMatchObject([{ state: 'running' }, { state: 'running' }]);
    });

    test('a held guest stays held over a reboot, and can be halted and killed', async () => {
      await start(one);
      await compute.hold(one, 'the disk is full');
      await compute.reboot(one, { limitMs: 60_000, signal: new AbortController().signal });
      await eventually({ kind: 'rebooted', instanceId: one });
      expect(await compute.list()).toMatchObject([{ state: 'paused' }]);
      await compute.release(one);
      await vi.waitFor(async () =>
        expect(await compute.list()).toMatchObject([{ state: 'running' }]),
      );
      await compute.hold(one, 'the disk is full');
      await compute.halt(one, { now: true });
      expect(await compute.list()).toMatchObject([{ state: 'halted' }]);
      expect(await compute.hold(one, 'the disk is full')).toBe(false);
      expect(await compute.held()).toEqual([]);
      await compute.kill(one);
      await eventually({ kind: 'exited', instanceId: one, reason: 'killed' });
    });

    test('the next control plane finds a guest held, and releases it', async ({ skip }) => {
      if (!opened.restartFindsMachines) return skip('shown with a process that is killed');
      await start(one);
      await compute.hold(one, 'the disk is full');
      compute = await opened.restart();
      await compute.adopt();
      expect(await compute.held()).toEqual([one]);
      expect(await compute.list()).toMatchObject([{ instanceId: one, state: 'paused' }]);
      await compute.release(one);
      expect(await compute.list()).toMatchObject([{ instanceId: one, state: 'running' }]);
    });

    test('the use of disks is that of machines that exist', async () => {
      expect(await compute.diskUse()).toEqual(new Map());
      await start(one);
      const use = await compute.diskUse();
      expect([...use.keys()]).toEqual([one]);
      expect(use.get(one)).not.toEqual([]);
      expect(await compute.hold(two, 'it has no machine')).toBe(false);
      expect(await compute.release(two)).toBe(true);
      await compute.kill(one);
      expect(await compute.diskUse()).toEqual(new Map());
    });

    test('a reboot boots the guest again in the same machine', async () => {
      await start(one);
      const before = await opened.identityOf(one);
      await compute.reboot(one, { limitMs: 0, signal: new AbortController().signal });
      await eventually({ kind: 'rebooted', instanceId: one });
      expect(await opened.identityOf(one)).toEqual(before);
    });

    test('the next control plane finds the machine, and hears of its end', async ({ skip }) => {
      if (!opened.restartFindsMachines) return skip('shown with a process that is killed');
      await start(one);
      const before = await opened.identityOf(one);
      compute = await opened.restart();
      events = [];
      compute.watch((event) => events.push(event));
      await compute.adopt();
      expect(await compute.list()).toMatchObject([{ instanceId: one, state: 'running' }]);
      expect(await opened.identityOf(one)).toEqual(before);
      await compute.kill(one);
      await eventually({ kind: 'exited', instanceId: one });
    });

    test('each next control plane learns again how a machine ended, until it is forgotten', async () => {
      const { generation } = await start(one);
      await compute.kill(one);
      await eventually({ kind: 'exited', instanceId: one });
      const end = { kind: 'exited', instanceId: one, generation, reason: 'killed' } as const;
      for (let turn = 0; turn < 2; turn += 1) {
        compute = await opened.restart();
        events = [];
        compute.watch((event) => events.push(event));
        await compute.adopt();
        await eventually(end);
      }
      await compute.forget(one);
      compute = await opened.restart();
      events = [];
      compute.watch((event) => events.push(event));
      await compute.adopt();
      await start(two);
      await compute.kill(two);
      await eventually({ kind: 'exited', instanceId: two });
      expect(events.filter(({ instanceId }) => instanceId === one)).toEqual([]);
    });

    test('who stopped listening hears no more', async () => {
      const heard: MachineEvent[] = [];
      const stop = compute.watch((event) => heard.push(event));
      stop();
      await start(one);
      await compute.kill(one);
      await eventually({ kind: 'exited' });
      expect(heard).toEqual([]);
    });

    test('disks come and go under a running machine, each repeatable', async () => {
      await start(one);
      const disk = await opened.aFreeDisk();
      await compute.attachDisk(one, disk);
      await compute.attachDisk(one, disk);
      await compute.detachDisk(one, disk.volumeId, true);
      await compute.detachDisk(one, disk.volumeId, true);
      // A guest that has not let go holds the device until it boots again.
      if (opened.guestsObey) await compute.attachDisk(one, disk);
      expect(await compute.list()).toMatchObject([{ instanceId: one, state: 'running' }]);
    });

    test('network cards come and go under a running machine, each repeatable', async () => {
      await start(one);
      await start(two);
      const nic = await opened.aFreeNic();
      await compute.attachNic(one, nic);
      await compute.attachNic(one, nic);
      await compute.detachNic(one, nic.nicId, true);
      await compute.detachNic(one, nic.nicId, true);
      // Its port is free at once, whether the guest has let go or not.
      await compute.attachNic(two, nic);
      await compute.detachNic(two, nic.nicId, true);
      if (opened.guestsObey) await compute.attachNic(one, nic);
      expect(await compute.list()).toMatchObject([{ state: 'running' }, { state: 'running' }]);
    });

    test('a machine starts with all of its network cards', async () => {
      const spec = await opened.aSpec(one);
      const nic = await opened.aFreeNic();
      await compute.start({ ...spec, nics: [...spec.nics, nic] });
      await compute.attachNic(one, nic);
      await compute.detachNic(one, nic.nicId, true);
      await start(two);
      await compute.attachNic(two, nic);
    });

    test('the console outlives the machine until it is forgotten', async () => {
      expect(await compute.kept()).toEqual([]);
      await start(one);
      expect(await compute.readConsole(one)).toBeDefined();
      await compute.kill(one);
      expect(await compute.readConsole(one)).toBeDefined();
      expect(await compute.kept()).toEqual([one]);
      await compute.forget(one);
      expect(await compute.readConsole(one)).toBeUndefined();
      expect(await compute.kept()).toEqual([]);
    });

    test('the last start is reported, also after the end, until it is forgotten', async () => {
      expect(await compute.readBoot(one)).toBeUndefined();
      const before = Date.now();
      const { generation } = await start(one);
      const boot = await vi.waitFor(
        async () => {
          const found = await compute.readBoot(one);
          expect(found).toMatchObject({ generation });
          return found;
        },
        { timeout: 30_000 },
      );
      expect(boot?.respondedAt).toBeGreaterThanOrEqual(boot?.spawnedAt ?? before);
      await compute.kill(one);
      expect(await compute.readBoot(one)).toMatchObject({ generation });
      await compute.forget(one);
      expect(await compute.readBoot(one)).toBeUndefined();
    });

    test('a screenshot is a JPEG picture', async () => {
      await start(one);
      const picture = Buffer.from(await compute.screenshot(one));
      expect(picture.subarray(0, 3).toString('hex')).toBe('ffd8ff');
      expect(picture.subarray(-2).toString('hex')).toBe('ffd9');
    });
  });
}
