import { appendFile, chown, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InsufficientCapacityError } from '@bakehouse/domain';
import { connectQmp } from '@bakehouse/qmp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { disksSocketPath, MachineGoneError, MachineStartError } from '../src/index.ts';
import { bootSectors } from './boot-sectors.ts';
import { atOnce, instanceId, machineSpec } from './machine-spec.ts';
import { consoleText, eventually, expectEvent, run, TestBench } from './test-bench.ts';

let bench: TestBench;

beforeEach(async () => {
  bench = await TestBench.open();
});

afterEach(() => bench.close());

describe('a machine', () => {
  it('starts, once for each generation, and is ended by kill', async () => {
    await bench.makeDisks(bootSectors.idle);
    const { driver, events } = bench.driver();
    await driver.start(machineSpec());
    const pid = await bench.pidOf();
    expect(await driver.list()).toEqual([{ instanceId, generation: 1, state: 'running' }]);
    await driver.start(machineSpec());
    expect(await bench.pidOf()).toBe(pid);
    await expect(driver.start(machineSpec({ generation: 0 }))).rejects.toThrow(/generation 1 runs/);
    await expect(driver.forget(instanceId)).rejects.toThrow(`runs as process ${pid}`);

    await driver.kill(instanceId);
    expect(events).toEqual([{ kind: 'exited', instanceId, generation: 1, reason: 'killed' }]);
    expect(await driver.list()).toEqual([]);
    await driver.kill(instanceId);
    await driver.pressPowerButton(instanceId);
    await expect(driver.reboot(instanceId, atOnce)).rejects.toBeInstanceOf(MachineGoneError);
    expect(events).toHaveLength(1);
  });

  it.each([
    { cores: 2, threadsPerCore: 1 },
    { cores: 1, threadsPerCore: 2 },
    { cores: 3, threadsPerCore: 2 },
  ])('has $cores cores with $threadsPerCore threads each', async (cpus) => {
    await bench.makeDisks(bootSectors.idle);
    const { driver } = bench.driver();
    await driver.start(machineSpec({ cpus }));
    const socketPath = disksSocketPath(`${bench.folder}/instances`, instanceId);
    const monitor = await connectQmp({ socketPath, timeoutMs: 10_000 });
    const rows = await monitor.execute('query-cpus-fast');
    await monitor.close();
    const places = (rows as unknown as { props: object }[]).map(({ props }) => props);
    expect(places).toHaveLength(cpus.cores * cpus.threadsPerCore);
    for (let core = 0; core < cpus.cores; core += 1) {
      for (let thread = 0; thread < cpus.threadsPerCore; thread += 1) {
        const place = { 'socket-id': 0, 'core-id': core, 'thread-id': thread };
        expect(places).toContainEqual(expect.objectContaining(place));
      }
    }
  });

  it('shows no use of the disk when its files cannot be looked at', async () => {
    await bench.makeDisks(bootSectors.idle);
    const { driver } = bench.driver();
    await driver.start(machineSpec());
    expect((await driver.diskUse()).get(instanceId)).not.toEqual([]);
    const folder = join(bench.folder, 'instances', instanceId);
    await rename(folder, `${folder}.away`);
    await writeFile(folder, 'no folder');
    const use = await driver.diskUse();
    await rm(folder);
    await rename(`${folder}.away`, folder);
    expect(use).toEqual(new Map([[instanceId, []]]));
  });

  it('gives way to its next generation', async () => {
    await bench.makeDisks(bootSectors.idle);
    const { driver, events } = bench.driver();
    await driver.start(machineSpec());
    await driver.start(machineSpec({ generation: 2 }));
    expect(await driver.list()).toMatchObject([{ generation: 2, state: 'running' }]);
    expect(events).toMatchObject([{ kind: 'exited', generation: 1, reason: 'killed' }]);
  });

  it('keeps what the guest wrote to its console over reboots and stops, until it is forgotten', async () => {
    await bench.makeDisks(bootSectors.idle);
    const { driver, events } = bench.driver();
    expect(await driver.readConsole(instanceId)).toBeUndefined();
    await driver.start(machineSpec());
    await eventually(async () => expect(await consoleText(driver)).toBe('hello\n'));
    await driver.reboot(instanceId, atOnce);
    await expectEvent(events, { kind: 'rebooted', generation: 1 });
    await eventually(async () => expect(await consoleText(driver)).toBe('hello\nhello\n'));
    await driver.kill(instanceId);
    await driver.start(machineSpec({ generation: 2 }));
    await eventually(async () => expect(await consoleText(driver)).toBe('hello\n'.repeat(3)));
    await driver.kill(instanceId);
    expect(await consoleText(driver)).toBe('hello\n'.repeat(3));
    await driver.forget(instanceId);
    expect(await driver.readConsole(instanceId)).toBeUndefined();
    expect(events.filter(({ kind }) => kind === 'rebooted')).toHaveLength(1);
  });

  it('keeps its files and sockets from others', async () => {
    await bench.makeDisks(bootSectors.idle);
    const { driver } = bench.driver();
    await driver.start(machineSpec());
    const folder = bench.machineFile('.');
    const modes = new Map<string, number>();
    for (const name of await readdir(folder)) {
      modes.set(name, (await stat(join(folder, name))).mode & 0o077);
    }
    expect([...modes.keys()]).toEqual(expect.arrayContaining(['serial.log', 'qmp.sock', 'pid']));
    expect([...modes].filter(([, others]) => others !== 0)).toEqual([]);
  });

  it('is halted at once, and held with its disks open until it is killed', async () => {
    await bench.makeDisks(bootSectors.idle);
    const { driver, events } = bench.driver();
    await driver.halt(instanceId, { now: true });
    await driver.start(machineSpec());
    await driver.halt(instanceId, { now: true });
    await driver.halt(instanceId, { now: true });
    expect(await driver.list()).toMatchObject([{ instanceId, state: 'halted' }]);
    expect(events).toEqual([]);
    await driver.kill(instanceId);
    expect(events).toMatchObject([{ kind: 'exited', reason: 'killed' }]);
    expect(await driver.list()).toEqual([]);
  });

  it('is held, halted, after its guest has shut down', async () => {
    await bench.makeDisks(bootSectors.obedient);
    const { driver, events } = bench.driver();
    await driver.start(machineSpec());
    await eventually(async () => expect(await consoleText(driver)).not.toBe(''));
    await driver.halt(instanceId, { now: false });
    await eventually(async () => {
      await driver.pressPowerButton(instanceId);
      expect(await driver.list()).toMatchObject([{ instanceId, state: 'halted' }]);
    });
    expect(events).toEqual([]);
    await driver.kill(instanceId);
    expect(events).toMatchObject([{ kind: 'exited', reason: 'killed' }]);
  });

  it('reboots within its process, after the guest has shut down', async () => {
    await bench.makeDisks(bootSectors.obedient);
    const { driver, events } = bench.driver();
    await driver.start(machineSpec());
    const pid = await bench.pidOf();
    for (const boots of [2, 3]) {
      await eventually(async () =>
        expect(await consoleText(driver)).toBe('hello\n'.repeat(boots - 1)),
      );
      const { signal } = new AbortController();
      await driver.reboot(instanceId, { limitMs: 60_000, signal });
      await eventually(async () => expect(await consoleText(driver)).toBe('hello\n'.repeat(boots)));
    }
    expect(await bench.pidOf()).toBe(pid);
    // Two reboots within a second are reported as one.
    expect(new Set(events.map(({ kind }) => kind))).toEqual(new Set(['rebooted']));
    expect(await driver.list()).toMatchObject([{ state: 'running' }]);
    // The first process of a namespace ignores what others send and it does not handle, but not this.
    process.kill(pid, 'SIGKILL');
    await expectEvent(events, { kind: 'exited', reason: 'crashed' });
  });

  it('is reset at the limit when the guest does not shut down', async () => {
    await bench.makeDisks(bootSectors.idle);
    const { driver, events } = bench.driver({ powerButtonMs: 50 });
    await driver.start(machineSpec());
    await eventually(async () => expect(await consoleText(driver)).toBe('hello\n'));
    const { signal } = new AbortController();
    await driver.reboot(instanceId, { limitMs: 200, signal });
    await eventually(async () => expect(await consoleText(driver)).toBe('hello\nhello\n'));
    await driver.kill(instanceId);
    expect(events.map(({ kind }) => kind)).toEqual(['rebooted', 'exited']);
  });

  it('runs on when its reboot is called off', async () => {
    await bench.makeDisks(bootSectors.idle);
    const { driver } = bench.driver();
    await driver.start(machineSpec());
    const signal = AbortSignal.abort(new Error('called off'));
    await expect(driver.reboot(instanceId, { limitMs: 60_000, signal })).rejects.toThrow(
      'called off',
    );
    expect(await driver.list()).toMatchObject([{ state: 'running' }]);
  });

  it('has room for as many others as memory allows', async () => {
    const { driver } = bench.driver();
    expect(await driver.capacityFor(128, 2)).toEqual({ count: 2 });
    const { count, shortage } = await driver.capacityFor(1024 * 1024, 1000);
    expect(count).toBe(0);
    expect(shortage).toMatch(/needs 10\d{5} MiB with its overhead; \d+ MiB are free/);
  });

  it('cannot fill the host with console output', async () => {
    await bench.makeDisks(bootSectors.flood);
    const { driver } = bench.driver({ serialBytesMax: 100_000, superviseMs: 20 });
    await driver.start(machineSpec());
    await eventually(async () =>
      expect(await readdir(bench.machineFile('.'))).toContain('serial.before'),
    );
    await eventually(async () => {
      expect(await consoleText(driver)).toBe('x'.repeat(65_536));
    });
  });

  it("cannot fill the host with QEMU's own log, whose end is kept", async () => {
    await bench.makeDisks(bootSectors.idle);
    const { driver, events } = bench.driver({ superviseMs: 20 });
    await driver.start(machineSpec());
    const log = bench.machineFile('qemu.log');
    await appendFile(log, `${'a complaint\n'.repeat(200_000)}its last words`);
    await eventually(async () => expect((await stat(log)).size).toBe(65_536));
    process.kill(await bench.pidOf(), 'SIGKILL');
    const detail = expect.stringMatching(/it wrote: .*its last words/s);
    await expectEvent(events, { kind: 'exited', reason: 'crashed', detail });
  });

  it('that powers itself off is not one that crashed', async () => {
    await bench.makeDisks(bootSectors.powerOff);
    const { driver, events } = bench.driver();
    await driver.start(machineSpec());
    await expectEvent(events, { kind: 'exited', generation: 1, reason: 'guest-shutdown' });
    await bench.makeDisks(bootSectors.idle);
    await driver.start(machineSpec({ generation: 2 }));
    process.kill(await bench.pidOf(), 'SIGKILL');
    await expectEvent(events, { kind: 'exited', generation: 2, reason: 'crashed' });
    await driver.start(machineSpec({ generation: 3 }));
    process.kill(await bench.pidOf(), 'SIGTERM');
    await expectEvent(events, {
      generation: 3,
      reason: 'crashed',
      detail: expect.stringMatching(/ended by a signal.*terminating on signal 15/),
    });
  });

  it('that hangs is unresponsive and can be killed', async () => {
    await bench.makeDisks(bootSectors.idle);
    const { driver, events } = bench.driver({ commandMs: 200, quitMs: 200 });
    await driver.start(machineSpec());
    process.kill(await bench.pidOf(), 'SIGSTOP');
    expect(await driver.list()).toMatchObject([{ state: 'unresponsive' }]);
    await driver.kill(instanceId);
    expect(events).toMatchObject([{ kind: 'exited', reason: 'killed' }]);
  });

  it('that hangs for a while is reported as last known, and as it is once it responds', async () => {
    await bench.makeDisks(bootSectors.idle);
    // A command may take ten minutes: a look that waited for one would run into the test's time limit.
    const { driver } = bench.driver({ commandMs: 600_000, statusMs: 50 });
    await driver.start(machineSpec());
    const pid = await bench.pidOf();
    process.kill(pid, 'SIGSTOP');
    expect(await driver.find(instanceId)).toMatchObject({ state: 'running' });
    expect(await driver.list()).toMatchObject([{ state: 'running' }]);
    process.kill(pid, 'SIGCONT');
    await driver.halt(instanceId, { now: true });
    await eventually(async () =>
      expect(await driver.find(instanceId)).toMatchObject({ state: 'halted' }),
    );
  });

  it('has a screen, of which a JPEG picture is taken', async () => {
    await bench.makeDisks(bootSectors.idle);
    const { driver } = bench.driver();
    await driver.start(machineSpec());
    const jpeg = Buffer.from(await driver.screenshot(instanceId));
    expect(jpeg.subarray(0, 3).toString('hex')).toBe('ffd8ff');
    expect(jpeg.subarray(-2).toString('hex')).toBe('ffd9');
    expect(await readdir(bench.machineFile('.'))).not.toContain('screen.ppm');
    // A start that is repeated while a picture is taken.
    const { gid: user } = await stat(bench.machineFile('.'));
    await writeFile(bench.machineFile('screen.ppm'), '');
    await chown(bench.machineFile('screen.ppm'), user, user);
    await driver.start(machineSpec());
    await driver.screenshot(instanceId);
  });

  it('has a second monitor for its disks', async () => {
    await bench.makeDisks(bootSectors.idle);
    const { driver } = bench.driver();
    await driver.start(machineSpec());
    const socketPath = disksSocketPath(`${bench.folder}/instances`, instanceId);
    const client = await connectQmp({ socketPath, timeoutMs: 10_000 });
    expect(await client.execute('query-status')).toMatchObject({ status: 'running' });
    await client.close();
  });

  it('gets its ephemeral disks empty at each start, and they end with it', async () => {
    await bench.makeDisks(bootSectors.idle);
    const { driver } = bench.driver();
    await driver.start(
      machineSpec({ ephemeralDisks: [{ deviceName: '/dev/sdb', sizeBytes: 1_048_576 }] }),
    );
    expect(await readdir(bench.machineFile('.'))).toContain('ephemeral-0.raw');
    await driver.kill(instanceId);
    expect(await readdir(bench.machineFile('.'))).not.toContain('ephemeral-0.raw');
  });
});

describe('a machine that cannot start', () => {
  it('for lack of memory says how much there is', async () => {
    await bench.makeDisks(bootSectors.idle);
    const { driver } = bench.driver();
    const start = driver.start(machineSpec({ memoryMiB: 64 * 1024 * 1024 }));
    await expect(start).rejects.toBeInstanceOf(InsufficientCapacityError);
    await expect(start).rejects.toThrow(/needs \d+ MiB .* are free: \d+ MiB available/);
    await expect(readdir(`${bench.folder}/instances`)).rejects.toThrow(/ENOENT/);
  });

  it('for a fault shows what QEMU wrote, leaves nothing running, and starts once the fault is fixed', async () => {
    const { driver, events } = bench.driver();
    await expect(driver.start(machineSpec())).rejects.toThrow(MachineStartError);
    await expect(driver.start(machineSpec())).rejects.toThrow(/exit status 1.*qcow2.*No such file/);
    expect(await driver.list()).toEqual([]);
    await driver.adopt();
    expect(events).toEqual([]);
    await bench.makeDisks(bootSectors.idle);
    await driver.start(machineSpec());
    expect(await driver.list()).toMatchObject([{ state: 'running' }]);
  });

  it('because the network is gone says so', async () => {
    await bench.makeDisks(bootSectors.idle);
    await run('ip', ['-n', bench.namespace, 'link', 'del', 'tap0']);
    const { driver } = bench.driver();
    const nic = {
      nicId: 'eni-1',
      macAddress: '0e:00:00:00:00:01',
      port: 'namespace/no-such',
    } as const;
    await expect(driver.start(machineSpec({ nics: [nic] }))).rejects.toThrow(
      /could not configure.*no-such/,
    );
  });
});
