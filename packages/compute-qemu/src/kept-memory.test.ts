import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MachineSpec } from '@bakehouse/domain';
import { expect, onTestFinished, test } from 'vitest';
import { hardwareOf, memoryMisfit, openMemory, writeMemoryFacts } from './kept-memory.ts';
import { machineFileNames } from './machine-files.ts';

const nic = { nicId: 'eni-1', macAddress: '0e:00:00:00:00:01', port: 'tap7' } as const;
const spec: MachineSpec = {
  instanceId: 'i-0123456789abcdef0',
  generation: 1,
  instanceType: 't3.micro',
  architecture: 'x86_64',
  cpus: { cores: 1, threadsPerCore: 2 },
  memoryMiB: 1024,
  disks: [{ deviceName: '/dev/xvda', volumeId: 'vol-0123456789abcdef0', bootIndex: 0 }],
  ephemeralDisks: [],
  nics: [nic],
};

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-memory-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function kept(): Promise<string> {
  const folder = await aFolder();
  const hardware = await hardwareOf({ ...spec, nics: [] }, 'tcg');
  await writeMemoryFacts(folder, { qemuBuild: '7.2', hardware });
  return folder;
}

test('memory fits a machine with the same hardware and a card', async () => {
  expect(await memoryMisfit(await kept(), spec, 'tcg')).toBeUndefined();
});

test.each<[string, Partial<MachineSpec>, string]>([
  ['memory', { memoryMiB: 2048 }, 'memory 1024 MiB, and this instance has 2048 MiB'],
  ['processors', { cpus: { cores: 2, threadsPerCore: 2 } }, 'processors cpus=2'],
  ['type', { instanceType: 't3a.micro' }, 'instance type t3.micro'],
  ['disks', { ephemeralDisks: [{ deviceName: '/dev/sdb', sizeBytes: 1 }] }, 'number of disks 1'],
  [
    'root device',
    { disks: [{ deviceName: '/dev/sda1', volumeId: 'vol-0123456789abcdef0' }] },
    'root device /dev/xvda',
  ],
  ['cards', { nics: [nic, { ...nic, nicId: 'eni-2' }] }, '2 network interfaces'],
])('other %s: it says what differs', async (_, change, why) => {
  expect(await memoryMisfit(await kept(), { ...spec, ...change }, 'tcg')).toContain(why);
});

test('names of the machine, its disk and its card do not count', async () => {
  const disks = [
    { deviceName: '/dev/xvda', volumeId: 'vol-0aaaaaaaaaaaaaaaa', bootIndex: 0 },
  ] as const;
  const nics = [{ nicId: 'eni-9', macAddress: '0e:00:00:00:00:09', port: 'ns/tap9' }] as const;
  const other = { ...spec, instanceId: 'i-0aaaaaaaaaaaaaaaa', generation: 2, disks, nics } as const;
  expect(await memoryMisfit(await kept(), other, 'tcg')).toBeUndefined();
});

test('any other argument of QEMU counts', async () => {
  const disks = [{ deviceName: '/dev/xvda', volumeId: 'vol-0123456789abcdef0' }] as const;
  const why = await memoryMisfit(await kept(), { ...spec, disks }, 'tcg');
  expect(why).toMatch(/QEMU's arguments [0-9a-f]{16}, and this instance has [0-9a-f]{16}/);
});

test("another accelerator does not fit, and the host's processor counts where guests see it", async () => {
  expect(await memoryMisfit(await kept(), spec, 'kvm')).toContain('accelerator tcg');
  expect(Object.keys(await hardwareOf(spec, 'kvm'))).toContain('processor of the host');
});

test.each(['', '{', '{"version":2}', '{"version":1,"qemuBuild":"7","hardware":{"memory":1}}'])(
  'facts that are none (%s), or a file that is missing: no memory',
  async (text) => {
    const folder = await aFolder();
    await writeFile(join(folder, machineFileNames.memoryFacts), text);
    expect(await memoryMisfit(folder, spec, 'tcg')).toBe('the template no longer exists');
    expect(await openMemory(folder)).toBeUndefined();
    expect(await openMemory(await kept())).toBeUndefined();
  },
);
