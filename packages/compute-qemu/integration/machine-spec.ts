import type { MachineSpec } from '@bakehouse/domain';

export const instanceId = 'i-0123456789abcdef0';
export const rootId = 'vol-0123456789abcdef0';
export const dataId = 'vol-0fedcba9876543210';

/** A reboot that does not wait for the guest. */
export const atOnce = { limitMs: 0, signal: new AbortController().signal };

export function machineSpec(changes: Partial<MachineSpec> = {}): MachineSpec {
  return {
    instanceId,
    generation: 1,
    instanceType: 't3.micro',
    architecture: 'x86_64',
    cpus: { cores: 1, threadsPerCore: 1 },
    memoryMiB: 64,
    disks: [{ deviceName: '/dev/sda1', volumeId: rootId, bootIndex: 0 }],
    ephemeralDisks: [],
    nics: [{ nicId: 'eni-0123456789abcdef0', macAddress: '0e:00:00:00:00:01', port: 'tap0' }],
    ...changes,
  };
}
