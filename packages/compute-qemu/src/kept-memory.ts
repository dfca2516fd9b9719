import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { MachineSpec } from '@bakehouse/domain';
import { isMissing, readTextIfExists, writeFileDurably } from '@bakehouse/host';
import { isJsonObject } from '@bakehouse/qmp';
import type { Accelerator } from './accelerator.ts';
import { areSecrets } from './guest-secrets.ts';
import { machineFileNames } from './machine-files.ts';
import { cardBackend, cardDevice, firstCard, firstCardPlace } from './network-card.ts';
import { cpuModels, machineModel, processors, qemuArgv } from './qemu-argv.ts';

/** The hardware that a guest has seen, by what it is called in a reason. */
export type Hardware = Readonly<Record<string, string>>;

/** Format 1 of `memory.json`. It is written when `memory.state` is whole. */
interface KeptMemory {
  readonly version: 1;
  /** QEMU's own name for its build: what one wrote, another may not be able to load. */
  readonly qemuBuild: string;
  readonly hardware: Hardware;
  /** Of a fork: the PCI slots of its card and its disks, as the other machine has them. */
  readonly slots?: readonly number[];
  /** Of a fork: where in memory the other guest has its secrets, see `guest-secrets.ts`. */
  readonly secrets?: string;
}

export type KeptFacts = Omit<KeptMemory, 'version'>;

/** What the guest of this machine sees, apart from its network cards. */
export async function hardwareOf(
  spec: MachineSpec,
  accelerator: Accelerator['accel'],
): Promise<Hardware> {
  const [root] = spec.disks;
  return {
    'instance type': spec.instanceType,
    memory: `${spec.memoryMiB} MiB`,
    processors: processors(spec),
    'machine model': machineModel,
    accelerator,
    'processor model': cpuModels[accelerator],
    'root device': root?.deviceName ?? '',
    'number of disks': `${spec.disks.length + spec.ephemeralDisks.length}`,
    "QEMU's arguments": argumentsHash(spec, accelerator),
    // Its guests see the host's own.
    ...(accelerator === 'kvm' ? { 'processor of the host': await hostProcessor() } : {}),
  };
}

/**
 * Equal for machines whose guests see the same hardware: of all arguments of QEMU, also those that no other name above is
 * about, without what names the machine, its disks and its card.
 */
function argumentsHash(spec: MachineSpec, accelerator: Accelerator['accel']): string {
  const disks = spec.disks.map((disk, index) => ({ ...disk, volumeId: `vol-${index}` as const }));
  const nameless = { ...spec, instanceId: 'i-0', disks, nics: [] } as const;
  const argv = qemuArgv({ spec: nameless, accelerator, chains: [] });
  const nic = { nicId: 'eni-0', macAddress: '', port: '' } as const;
  const card = [cardBackend(firstCard, nic.port), cardDevice(firstCard, nic), firstCardPlace];
  return createHash('sha256')
    .update(JSON.stringify([argv, card]))
    .digest('hex')
    .slice(0, 16);
}

async function hostProcessor(): Promise<string> {
  const lines = (await readFile('/proc/cpuinfo', 'utf8')).split('\n\n')[0]?.split('\n') ?? [];
  return lines.filter((line) => /^(model name|flags|microcode)\s/.test(line)).join('; ');
}

/** Why a machine with this hardware cannot have memory that was kept of other hardware; undefined when it can. */
function hardwareMisfit(
  { hardware: kept, slots }: KeptMemory,
  wanted: Hardware,
): string | undefined {
  const names = [...new Set([...Object.keys(kept), ...Object.keys(wanted)])];
  const name = names.find((each) => kept[each] !== wanted[each]);
  if (name === undefined) return undefined;
  return `the ${slots ? 'memory' : 'template'} was made with ${name} ${kept[name] ?? 'none'}, and this instance has ${wanted[name] ?? 'none'}`;
}

export async function writeMemoryFacts(folder: string, facts: KeptFacts): Promise<void> {
  const kept: KeptMemory = { version: 1, ...facts };
  await writeFileDurably(join(folder, machineFileNames.memoryFacts), JSON.stringify(kept));
}

/** Undefined when no memory is kept, or none that this version understands. */
export async function readMemoryFacts(folder: string): Promise<KeptMemory | undefined> {
  const text = await readTextIfExists(join(folder, machineFileNames.memoryFacts));
  try {
    const value: unknown = JSON.parse(text ?? 'null');
    return isKeptMemory(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isKeptMemory(value: unknown): value is KeptMemory {
  if (!isJsonObject(value) || value.version !== 1 || !isJsonObject(value.hardware)) return false;
  const { hardware, slots = [], secrets, qemuBuild } = value;
  const texts = Object.values(hardware).every((each) => typeof each === 'string');
  const numbers = Array.isArray(slots) && slots.every((each) => typeof each === 'number');
  const isFork = value.slots !== undefined;
  return texts && numbers && isFork === areSecrets(secrets) && typeof qemuBuild === 'string';
}

/** Memory to go on from. */
export interface OpenedMemory extends AsyncDisposable {
  /** Read-only: a machine that has it cannot change what others get. */
  readonly file: FileHandle;
  readonly qemuBuild: string;
  readonly fork?: ForkFacts;
}

/** What a fork has from the machine that it is a fork of. */
interface ForkFacts {
  readonly slots: readonly number[];
  readonly secrets: string;
}

/** Why the memory kept in `folder` is not for this machine; undefined when it is. */
export async function memoryMisfit(
  folder: string,
  spec: MachineSpec,
  accelerator: Accelerator['accel'],
): Promise<string | undefined> {
  const kept = await readMemoryFacts(folder);
  if (!kept) return `the ${spec.forkOf === undefined ? 'template' : 'memory'} no longer exists`;
  if (spec.nics.length !== 1) return `the instance has ${spec.nics.length} network interfaces`;
  return hardwareMisfit(kept, await hardwareOf(spec, accelerator));
}

/** Undefined when it is removed meanwhile. */
export async function openMemory(folder: string): Promise<OpenedMemory | undefined> {
  const kept = await readMemoryFacts(folder);
  if (!kept) return undefined;
  const file = await open(join(folder, machineFileNames.memory), 'r').catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (!file) return undefined;
  const { qemuBuild, slots, secrets } = kept;
  return {
    file,
    qemuBuild,
    ...(slots && secrets !== undefined && { fork: { slots, secrets } }),
    [Symbol.asyncDispose]: () => file.close(),
  };
}

/** Nobody goes on from what is kept here any more. */
export async function removeMemory(folder: string): Promise<void> {
  // The facts last: as long as there is a file they say whose it is.
  for (const name of [machineFileNames.memory, machineFileNames.memoryFacts]) {
    await rm(join(folder, name), { force: true });
  }
}

/** The same, where it is a fork's: a template's goes with its folder. */
export async function removeForkMemory(folder: string): Promise<void> {
  if ((await readMemoryFacts(folder))?.slots) await removeMemory(folder);
}
