import { type Architecture, type MachineNic, type MachineSpec, vcpusOf } from '@bakehouse/domain';
import type { JsonObject, QemuBlockdevs } from '@bakehouse/qmp';
import type { Accelerator } from './accelerator.ts';
import { MachineStartError } from './compute-errors.ts';
import { ephemeralDevice, ephemeralNode, volumeDevice } from './guest-disk.ts';
import { ephemeralDiskName, machineFileNames } from './machine-files.ts';
import { translationCacheMiB } from './memory-claim.ts';
import {
  cardBackend,
  cardDevice,
  firstCard,
  firstCardPlace,
  forkedCard,
  furtherCard,
} from './network-card.ts';
import { smbiosOptions } from './system-identity.ts';

/** EC2's x86_64 hosts also run i386 images. */
const binaries: Readonly<Partial<Record<Architecture, string>>> = {
  x86_64: 'qemu-system-x86_64',
  i386: 'qemu-system-x86_64',
};

function qemuBinary(architecture: Architecture): string {
  const binary = binaries[architecture];
  if (!binary)
    throw new MachineStartError(
      `cannot run architecture ${architecture}: this host has machines for ${Object.keys(binaries).join(' and ')}`,
    );
  return binary;
}

export interface ArgvOptions {
  readonly spec: MachineSpec;
  readonly accelerator: Accelerator['accel'];
  /** By position in `spec.disks`. */
  readonly chains: readonly QemuBlockdevs[];
  /** The machine is to get another one's memory: it waits for that, and its cards are plugged when it has it. */
  readonly awaitsMemory?: boolean;
  /** The memory is a fork's: it has a card already, and this slot and those of the disks. */
  readonly slots?: readonly number[];
}

/**
 * The command line of a machine, to be run inside its folder. The machine model is `pc`: a disk can be plugged
 * into each of its PCI slots while the guest runs, by ACPI and without root ports, whose enumeration costs boot
 * time. Options are in JSON where QEMU takes it, so no value can become an option.
 */
export function qemuArgv(options: ArgvOptions): readonly string[] {
  const { spec, accelerator, chains, awaitsMemory = false, slots } = options;
  const cards = cardsAtStart(options);
  // QEMU gives it the first slot that is free, which is the card's when there is none yet.
  const placeWithoutCard = cards.first.length === 0 ? { addr: '0x5' } : {};
  const placeOf = (at: number) => {
    const slot = slots?.[at + 1];
    if (slot !== undefined) return { addr: `0x${slot.toString(16)}` };
    return at === 0 ? placeWithoutCard : {};
  };
  return [
    qemuBinary(spec.architecture),
    ...['-name', `guest=${spec.instanceId},debug-threads=on`],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-msg', 'timestamp=on'],
    // The guest begins when the machine's folder is closed: see begin-guest.ts.
    '-S',
    ...(awaitsMemory ? ['-incoming', 'defer'] : []),
    ...['-sandbox', sandbox],
    ...['-pidfile', machineFileNames.pid],
    ...['-trace', 'qemu_system_shutdown_request', '-D', machineFileNames.shutdowns],
    ...hardware(spec, accelerator),
    ...monitor('qmp', machineFileNames.monitor),
    ...monitor('disks', machineFileNames.disksMonitor),
    ...['-chardev', `file,id=serial,path=${machineFileNames.serial},append=on`],
    ...['-serial', 'chardev:serial'],
    ...cards.first,
    ...json('-device', { driver: 'VGA', id: 'screen', addr: '0x3' }),
    ...json('-device', { driver: 'virtio-rng-pci', id: 'rng', addr: '0x4', ...modernOnly }),
    ...spec.disks.flatMap((disk, at) => [
      ...(chains[at] ?? []).flatMap((node) => json('-blockdev', node)),
      ...json('-device', { ...volumeDevice(disk), ...placeOf(at) }),
    ]),
    ...spec.ephemeralDisks.flatMap(({ deviceName }, index) => [
      ...json('-blockdev', ephemeralBlockdev(index)),
      ...json('-device', ephemeralDevice(index, deviceName)),
    ]),
    ...cards.others,
  ];
}

const sandbox = 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny';

export const machineModel = 'pc';

export const cpuModels: Readonly<Record<Accelerator['accel'], string>> = {
  kvm: 'host',
  // With a virtual SVM, guests would load kvm_amd, which costs boot time.
  tcg: 'qemu64,-svm',
};

const modernOnly = { 'disable-legacy': 'on' };

function hardware(spec: MachineSpec, accelerator: Accelerator['accel']): readonly string[] {
  const accel = {
    kvm: ['-accel', 'kvm'],
    tcg: ['-accel', `tcg,thread=multi,tb-size=${translationCacheMiB}`],
  }[accelerator];
  return [
    ...[
      '-machine',
      `${machineModel},dump-guest-core=off`,
      ...accel,
      '-cpu',
      cpuModels[accelerator],
    ],
    ...['-smp', processors(spec), '-m', `size=${memorySize(spec, accelerator)}`],
    ...['-rtc', 'base=utc', '-boot', 'strict=on'],
    ...smbiosOptions({ ...spec, isTemplate: spec.nics.length === 0 }).flatMap((table) => [
      '-smbios',
      table,
    ]),
  ];
}

/**
 * QEMU before 9.0 misses writes of emulated guests while it copies memory whose size is a multiple of 256 KiB, and the copy
 * is of several moments ("physmem: Fix migration dirty bitmap coherency with TCG memory access"). The least that `pc` can
 * lack is 8 KiB.
 */
function memorySize({ memoryMiB }: MachineSpec, accelerator: Accelerator['accel']): string {
  return accelerator === 'tcg' ? `${1024 * memoryMiB - 8}K` : `${memoryMiB}M`;
}

/** One socket. `qemu64` cannot show threads: a guest without KVM takes them for cores. */
export function processors({ cpus }: MachineSpec): string {
  const { cores, threadsPerCore } = cpus;
  return `cpus=${vcpusOf(cpus)},sockets=1,cores=${cores},threads=${threadsPerCore}`;
}

function monitor(id: string, socket: string): readonly string[] {
  return [
    ...['-chardev', `socket,id=${id},path=${socket},server=on,wait=off`],
    ...['-mon', `chardev=${id},mode=control`],
  ];
}

/** Where memory is awaited, the cards are those of the guest that the memory is of. */
function cardsAtStart({ spec, awaitsMemory, slots }: ArgvOptions) {
  if (!awaitsMemory) return networkCards(spec);
  const [nic] = spec.nics;
  return { first: slots && nic ? card(forkedCard, nic, firstCardPlace) : [], others: [] };
}

/** The first card has its slot; further ones take what is left when the disks have theirs. */
function networkCards({ nics: [first, ...others] }: MachineSpec) {
  return {
    first: first ? card(firstCard, first, firstCardPlace) : [],
    others: others.flatMap((nic) => card(furtherCard(nic.nicId), nic)),
  };
}

function card(
  ids: Parameters<typeof cardBackend>[0],
  nic: MachineNic,
  place: JsonObject = {},
): readonly string[] {
  return [
    ...json('-netdev', cardBackend(ids, nic.port)),
    ...json('-device', { ...cardDevice(ids, nic), ...place }),
  ];
}

function ephemeralBlockdev(index: number): JsonObject {
  return {
    driver: 'raw',
    'node-name': ephemeralNode(index),
    discard: 'unmap',
    'detect-zeroes': 'unmap',
    file: { driver: 'file', filename: ephemeralDiskName(index), discard: 'unmap' },
  };
}

function json(option: string, value: JsonObject): readonly string[] {
  return [option, JSON.stringify(value)];
}
