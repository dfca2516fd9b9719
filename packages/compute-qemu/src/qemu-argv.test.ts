import type { MachineSpec } from '@bakehouse/domain';
import { describe, expect, it } from 'vitest';
import { MachineStartError } from './compute-errors.ts';
import { qemuArgv } from './qemu-argv.ts';

const volumeId = 'vol-0123456789abcdef0';
const chain = [
  { driver: 'file', 'node-name': `${volumeId}-f`, filename: '/d/a,b=c' },
  { driver: 'qcow2', 'node-name': volumeId, file: `${volumeId}-f` },
];
const spec: MachineSpec = {
  instanceId: 'i-0123456789abcdef0',
  generation: 1,
  instanceType: 't3.micro',
  architecture: 'x86_64',
  cpus: { cores: 1, threadsPerCore: 2 },
  memoryMiB: 1024,
  disks: [{ deviceName: '/dev/sda1', volumeId, bootIndex: 0 }],
  ephemeralDisks: [{ deviceName: '/dev/sdb', sizeBytes: 1 }],
  nics: [{ nicId: 'eni-1', macAddress: '0e:00:00:00:00:01', port: 'bh1-vpc/tap7' }],
};

function argvOf(changes: Partial<MachineSpec> = {}, accelerator: 'kvm' | 'tcg' = 'tcg') {
  return qemuArgv({ spec: { ...spec, ...changes }, accelerator, chains: [chain] });
}

/** The values of an option, in order; those in JSON are parsed. */
function values(option: string, argv = argvOf()): unknown[] {
  return argv
    .filter((_, at) => argv[at - 1] === option)
    .map((value) => (value.startsWith('{') ? JSON.parse(value) : value));
}

describe('the command line of a machine', () => {
  it.each([
    ['-machine', ['pc,dump-guest-core=off']],
    ['-accel', ['tcg,thread=multi,tb-size=256']],
    ['-cpu', ['qemu64,-svm']],
    ['-smp', ['cpus=2,sockets=1,cores=1,threads=2']],
    ['-m', ['size=1048568K']],
    ['-pidfile', ['pid']],
    ['-mon', ['chardev=qmp,mode=control', 'chardev=disks,mode=control']],
    [
      '-chardev',
      [
        'socket,id=qmp,path=qmp.sock,server=on,wait=off',
        'socket,id=disks,path=disks.sock,server=on,wait=off',
        'file,id=serial,path=serial.log,append=on',
      ],
    ],
    ['-netdev', [{ type: 'tap', id: 'nic', ifname: 'tap7', script: 'no', downscript: 'no' }]],
  ])('has %s', (option, expected) => {
    expect(values(option)).toEqual(expected);
  });

  it('runs on the host’s processor under KVM', () => {
    const argv = argvOf({}, 'kvm');
    expect([values('-accel', argv), values('-cpu', argv)]).toEqual([['kvm'], ['host']]);
  });

  it('has all of its memory under KVM, and emulated so much that QEMU tracks writes page by page', () => {
    expect(values('-m', argvOf({}, 'kvm'))).toEqual(['size=1024M']);
    const [size] = values('-m', argvOf({ memoryMiB: 512 }));
    expect(size).toBe('size=524280K');
    expect(524_280 % 256).not.toBe(0);
  });

  it('makes the nodes of each disk before its device', () => {
    const argv = argvOf();
    expect(values('-blockdev').slice(0, 2)).toEqual(chain);
    const device = argv.findIndex((value) => value.includes(`"d-${volumeId}"`));
    expect(device).toBeGreaterThan(argv.indexOf(JSON.stringify(chain[1])));
  });

  it('shows a volume by its id without the dash, which just fits, and pauses when the disk is full', () => {
    const disk = values('-device').find((device) => JSON.stringify(device).includes('"d-vol-'));
    expect(disk).toMatchObject({
      driver: 'virtio-blk-pci',
      drive: volumeId,
      serial: 'vol0123456789abcdef0',
      'acpi-index': 17,
      bootindex: 0,
      werror: 'enospc',
      rerror: 'report',
    });
  });

  it('shows an ephemeral disk by the name that EC2 gives it', () => {
    expect(values('-device').at(-1)).toMatchObject({
      drive: 'ephemeral-0',
      serial: 'sdb',
      'acpi-index': 32,
    });
    expect(values('-device').at(-1)).not.toHaveProperty('bootindex');
  });

  it('lets no guest take gigabytes of the host by one request for zeroes on an ephemeral disk', () => {
    expect(values('-device').at(-1)).toMatchObject({ 'write-zeroes': false });
    expect(values('-blockdev').at(-1)).toMatchObject({ 'detect-zeroes': 'unmap' });
  });

  it('lets no value become an option', () => {
    const argv = argvOf({
      instanceType: 'x,uuid=0',
      nics: [{ nicId: 'eni-1', macAddress: '0e:00:00:00:00:01', port: 'a,script=y' }],
    });
    expect(values('-netdev', argv)).toMatchObject([{ ifname: 'a,script=y', script: 'no' }]);
    expect(values('-smbios', argv)[1]).toContain('product=x,,uuid=0,');
  });

  it('refuses an architecture that it has no machine for', () => {
    expect(() => argvOf({ architecture: 'arm64' })).toThrow(MachineStartError);
  });
});

it('a fork has a card, and each device in the slot that its memory is of', () => {
  const options = {
    spec,
    awaitsMemory: true,
    slots: [2, 9],
    accelerator: 'tcg',
    chains: [chain],
  } as const;
  const argv = qemuArgv(options);
  const slots = values('-device', argv).map((device) => (device as { addr?: string }).addr);
  expect(slots.slice(0, 4)).toEqual(['0x2', '0x3', '0x4', '0x9']);
  expect(values('-device', argv)[0]).toMatchObject({ id: 'eth0-before', netdev: 'nic' });
  expect(values('-incoming', argv)).toEqual(['defer']);
});

describe('a machine without a card on its command line', () => {
  it.each([
    ['of a template', { spec: { ...spec, nics: [] } }],
    ['that gets memory', { spec, awaitsMemory: true }],
  ])('%s leaves the slot of the first card free', (_, options) => {
    const argv = qemuArgv({ ...options, accelerator: 'tcg', chains: [chain] });
    const slots = values('-device', argv).map((device) => (device as { addr?: string }).addr);
    expect(slots.slice(0, 3)).toEqual(['0x3', '0x4', '0x5']);
    expect(values('-netdev', argv)).toEqual([]);
    expect(values('-incoming', argv)).toEqual('awaitsMemory' in options ? ['defer'] : []);
  });
});
