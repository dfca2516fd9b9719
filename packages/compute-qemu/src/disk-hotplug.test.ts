import { systemClock } from '@bakehouse/base';
import { type JsonObject, type QmpClient, QmpError, type QmpEvent } from '@bakehouse/qmp';
import { describe, expect, it } from 'vitest';
import { plugDisk, unplugDisk } from './disk-hotplug.ts';

const volumeId = 'vol-0123456789abcdef0';
const device = `d-${volumeId}`;
const disk = { volumeId, deviceName: '/dev/sdf' } as const;
const chain = [
  { driver: 'file', 'node-name': `${volumeId}-f` },
  { driver: 'qcow2', 'node-name': volumeId, file: `${volumeId}-f` },
];

/** A machine's block graph: nodes with what they use, and devices. */
class FakeMachine implements QmpClient {
  readonly version = '7.2.0';
  readonly closed = new Promise<undefined>(() => {});
  readonly nodes = new Map<string, unknown>();
  readonly devices = new Set<string>();
  readonly names = new Map<string, unknown>();
  readonly commands: string[] = [];
  readonly #listeners = new Set<(event: QmpEvent) => void>();
  /** How many requests the guest needs before it releases a disk. */
  requestsNeeded = 1;
  failing: string | undefined;

  async execute(command: string, args: JsonObject = {}): Promise<unknown> {
    this.commands.push(command);
    if (command === this.failing) throw refusal(command);
    return this.#answers[command]?.(args) ?? {};
  }

  readonly #answers: Record<string, (args: JsonObject) => unknown> = {
    'qom-list': () => [...this.devices].map((name) => ({ name })),
    'query-named-block-nodes': () => [...this.nodes.keys()].map((name) => ({ 'node-name': name })),
    'blockdev-add': (args) => {
      if (this.nodes.has(`${args['node-name']}`)) throw refusal('blockdev-add');
      this.nodes.set(`${args['node-name']}`, args.file);
    },
    'blockdev-del': (args) => {
      const name = `${args['node-name']}`;
      const used = [...this.nodes.values()].includes(name) || this.devices.has(`d-${name}`);
      if (used) throw refusal('blockdev-del');
      this.nodes.delete(name);
    },
    'qom-get': ({ path }) => this.names.get(`${path}`.replace('/machine/peripheral/', '')) ?? 0,
    device_add: (args) => {
      if (args['acpi-index'] && [...this.names.values()].includes(args['acpi-index'])) {
        throw refusal('device_add');
      }
      this.names.set(`${args.id}`, args['acpi-index']);
      this.devices.add(`${args.id}`);
    },
    device_del: (args) => {
      if (--this.requestsNeeded > 0) throw refusal('device_del');
      this.devices.delete(`${args.id}`);
      this.names.delete(`${args.id}`);
      for (const listener of this.#listeners) {
        listener({ event: 'DEVICE_DELETED', data: { device: args.id }, timestampMs: 0 });
      }
    },
  };

  onEvent(listener: (event: QmpEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {}
}

const refusal = (command: string) => new QmpError({ command, class: 'GenericError', desc: 'no' });

const options = {
  volumeId,
  clock: systemClock,
  retryMs: 1,
  timeoutMs: 20_000,
  force: false,
} as const;

describe('plugging a disk', () => {
  it.each([
    ['of which nothing exists', []],
    ['of which an earlier try left a node', [`${volumeId}-f`]],
    ['of which an earlier try left all nodes', [`${volumeId}-f`, volumeId]],
  ])('%s makes what is missing, in order', async (_what, existing) => {
    const machine = new FakeMachine();
    for (const name of existing) machine.nodes.set(name, undefined);
    await plugDisk(machine, disk, chain);
    expect([...machine.nodes.keys()]).toEqual([`${volumeId}-f`, volumeId]);
    expect(machine.devices).toContain(device);
  });

  it('that is plugged changes nothing', async () => {
    const machine = new FakeMachine();
    await plugDisk(machine, disk, chain);
    machine.commands.length = 0;
    await plugDisk(machine, disk, chain);
    expect(machine.commands).not.toContain('blockdev-add');
    expect(machine.commands).not.toContain('device_add');
  });

  it('shows its device name, also when it is plugged again', async () => {
    const machine = new FakeMachine();
    for (const deviceName of ['/dev/sdf', '/dev/xvdg', '/dev/sdf']) {
      await plugDisk(machine, { volumeId, deviceName }, chain);
      expect(machine.names.get(device)).toBe(deviceName === '/dev/sdf' ? 96 : 112);
      await unplugDisk(machine, options);
    }
  });

  it('has no name while the guest holds a device of that name that was detached by force', async () => {
    const machine = new FakeMachine();
    machine.devices.add('d-vol-0123456789abcdef1');
    machine.names.set('d-vol-0123456789abcdef1', 96);
    await plugDisk(machine, disk, chain);
    expect(machine.devices).toContain(device);
    expect(machine.names.get(device)).toBeUndefined();
  });

  it('leaves nothing when the device is refused', async () => {
    const machine = new FakeMachine();
    machine.failing = 'device_add';
    await expect(plugDisk(machine, disk, chain)).rejects.toBeInstanceOf(QmpError);
    expect([...machine.nodes.keys()]).toEqual([]);
  });
});

describe('unplugging a disk', () => {
  it('asks the guest until it releases the disk, then removes the nodes, users first', async () => {
    const machine = new FakeMachine();
    await plugDisk(machine, disk, chain);
    machine.requestsNeeded = 3;
    await unplugDisk(machine, options);
    expect(machine.devices.size + machine.nodes.size).toBe(0);
    expect(machine.commands.filter((command) => command === 'device_del')).toHaveLength(3);
  });

  it('removes nodes that an earlier try left, and leaves those of other volumes', async () => {
    const machine = new FakeMachine();
    machine.nodes.set(`${volumeId}-f`, undefined).set(volumeId, `${volumeId}-f`);
    machine.nodes.set('vol-0123456789abcdef1', undefined);
    await unplugDisk(machine, options);
    expect([...machine.nodes.keys()]).toEqual(['vol-0123456789abcdef1']);
  });

  it('fails when a node cannot be removed', async () => {
    const machine = new FakeMachine();
    machine.nodes.set(volumeId, undefined).set('snap-1', volumeId);
    await expect(unplugDisk(machine, options)).rejects.toBeInstanceOf(QmpError);
  });
});
