import type { InstanceType, TypeArchitecture, TypeTraits } from '@bakehouse/domain';
import { attachmentsOf } from './attachments.ts';
import type { Facts } from './read-facts.ts';
import { familyOf, type Subject, subjectOf, withinSize } from './subject.ts';

/**
 * An instance type from its facts and the rules of its kind. Each rule was read from recorded types of several
 * families; docs/instance-types.md lists the rules. What is not public is absent.
 */

const gib = 1024;
/** Hibernation needs less memory than this. */
const hibernationMiB = 150 * gib;
const v6TcpTimeoutSeconds = 350;
const tcpTimeoutSeconds = 432_000;

const is = <Name extends string>(name: Name, value: boolean | undefined) =>
  (value === undefined ? {} : { [name]: value }) as { [key in Name]?: boolean };

function architectures({ key, kind }: Subject): readonly TypeArchitecture[] {
  const own = key('arch')?.split(',') as TypeArchitecture[] | undefined;
  return own ?? [kind === 'graviton' ? 'arm64' : 'x86_64'];
}

function threadsPerCore({ key, kind }: Subject): number {
  const own = key('threads');
  if (own !== undefined) return Number(own);
  return kind === 'graviton' || kind === 'mac' ? 1 : 2;
}

function bootModes({ kind, bareMetal, flag }: Subject): Pick<TypeTraits, 'bootModes'> {
  if (kind === 'mac') return {};
  if (kind === 'graviton') return { bootModes: ['uefi'] };
  const both = kind === 'nitro' && !bareMetal && flag('uefi') !== false;
  return { bootModes: both ? ['legacy-bios', 'uefi'] : ['legacy-bios'] };
}

function manufacturer({ key, kind }: Subject): string {
  return key('cpu') ?? (kind === 'graviton' ? 'AWS' : 'Intel');
}

function processorFeatures({ key, size, bareMetal }: Subject): TypeTraits['processorFeatures'] {
  const sevSize = key('snp');
  if (sevSize !== undefined && withinSize(size, sevSize)) return ['amd-sev-snp'];
  return key('nested') === 'yes' && !bareMetal ? ['nested-virtualization'] : [];
}

function hardware(subject: Subject) {
  const { key, kind, bareMetal } = subject;
  const clock = Number(key('ghz'));
  return {
    bareMetal,
    burstable: key('burst') === 'yes',
    threadsPerCore: threadsPerCore(subject),
    architectures: architectures(subject),
    ...(bareMetal
      ? {}
      : { hypervisor: kind === 'xen' || kind === 'old' ? ('xen' as const) : ('nitro' as const) }),
    manufacturer: manufacturer(subject),
    ...(Number.isNaN(clock) ? {} : { sustainedGHz: clock }),
    processorFeatures: processorFeatures(subject),
    ...bootModes(subject),
  };
}

const paravirtualFamilies = new Set(['m1', 'c1', 'm2', 't1', 'hi1', 'hs1']);

function offer(subject: Subject) {
  const { name, family, key, flag, kind } = subject;
  const both = key('pv') === 'yes' || paravirtualFamilies.has(family);
  const spot = kind === 'mac' ? false : flag('spot', true);
  return {
    currentGeneration: kind !== 'old' && flag('current', true) !== false,
    freeTier: name === 't2.micro' || name === 't3.micro',
    virtualizationTypes: both ? (['hvm', 'paravirtual'] as const) : (['hvm'] as const),
    rootDeviceTypes:
      key('root') === 'store' ? (['ebs', 'instance-store'] as const) : (['ebs'] as const),
    ...(spot === undefined
      ? {}
      : { usageClasses: spot ? (['on-demand', 'spot'] as const) : (['on-demand'] as const) }),
    placementStrategies:
      key('burst') === 'yes'
        ? (['partition', 'spread'] as const)
        : (['cluster', 'partition', 'spread'] as const),
    ...is('dedicatedHosts', dedicatedHosts(subject)),
  };
}

function dedicatedHosts({ kind, bareMetal, family, size, key, flag }: Subject) {
  if (kind === 'mac') return true;
  if (family.startsWith('u-')) return undefined;
  if (bareMetal || kind === 'old') return false;
  const range = key('hosts');
  if (range?.endsWith('+')) return withinSize(range.slice(0, -1), size);
  return range === undefined ? flag('hosts', true) : withinSize(size, range);
}

function storage(subject: Subject, hasEbs: boolean) {
  const { key, kind } = subject;
  const optional = key('optional') !== undefined || kind === 'old';
  const xen = kind === 'xen' || kind === 'old';
  const ebsOptimized = optional && !hasEbs ? 'unsupported' : optional ? 'supported' : 'default';
  const limit = key('limit');
  return {
    ebsOptimized,
    ebsNvme: !xen,
    ...(limit === undefined
      ? { attachmentLimit: 'shared' as const }
      : limit === 'dedicated'
        ? { attachmentLimit: 'dedicated' as const }
        : {}),
  } as const;
}

function networking(subject: Subject) {
  const { key, kind, family, flag, bareMetal } = subject;
  const xen = kind === 'xen' || kind === 'old';
  const own = key('ena');
  return {
    ena: own === 'supported' ? own : xen ? ('unsupported' as const) : ('required' as const),
    sriov: key('sriov') === 'yes',
    ipv6: kind !== 'old' && family !== 'm3',
    ...is('encryptionInTransit', xen ? false : flag('transit', kind === 'mac' ? undefined : true)),
    bandwidthWeightings: flag('weights') === true && !bareMetal,
    tcpEstablishedTimeoutSeconds: flag('v6') === true ? v6TcpTimeoutSeconds : tcpTimeoutSeconds,
  } as const;
}

function services(subject: Subject, memoryMiB: number, vcpus: number, hasStore: boolean) {
  const { kind, bareMetal, flag, key } = subject;
  const xen = kind === 'xen' || kind === 'old';
  const hibernates = kind !== 'old' && kind !== 'mac';
  const restartable = !bareMetal && !hasStore && flag('recovery') !== false;
  const noEnclaves = bareMetal || xen || key('burst') === 'yes' || vcpus < enclaveVcpus(kind);
  return {
    ...is(
      'hibernation',
      bareMetal || memoryMiB >= hibernationMiB ? false : flag('hibernation', hibernates),
    ),
    autoRecovery: restartable,
    rebootMigration: restartable,
    ...is('nitroTpm', bareMetal || xen ? false : flag('tpm', true)),
    ...is('enclaves', noEnclaves ? false : flag('enclaves', true)),
    ...is('preciseClock', flag('phc', false)),
  };
}

/** The parent of an enclave keeps a whole core. */
const enclaveVcpus = (kind: Subject['kind']) => (kind === 'graviton' ? 2 : 4);

/** The family's own profile, else the size whose figures the bare metal size shares. */
function figuresOf<Value>(
  rows: ReadonlyMap<string, Value>,
  { key, size, equalSize }: Subject,
  name: string,
): Value | undefined {
  const profile = key(name);
  return rows.get(`${profile} ${size}`) ?? rows.get(`${profile} ${equalSize}`);
}

function validCores(subject: Subject, facts: Facts, cores: number): readonly number[] | undefined {
  if (subject.bareMetal) return undefined;
  const profile = subject.key('cores') ?? (subject.kind === 'graviton' ? 'each' : undefined);
  const each = Array.from({ length: cores }, (_, index) => index + 1);
  if (profile === 'each' || cores === 1) return each;
  if (profile === 'xen') return cores <= 16 ? each : each.filter((count) => count % 2 === 0);
  return figuresOf(facts.cores, subject, 'cores');
}

function figures(subject: Subject, facts: Facts) {
  const { key, name, equalSize } = subject;
  const vcpus = Number(key('vcpus') ?? vcpusOf(equalSize));
  const memoryMiB = Number(key('memoryMiB') ?? Math.round(Number(key('memory')) * vcpus * gib));
  if (!(vcpus > 0) || !(memoryMiB > 0)) throw new Error(`${name} has no CPUs or no memory`);
  const disks = figuresOf(facts.store, subject, 'store');
  const store = disks && {
    ...disks,
    kind: key('disks') === 'hdd' ? ('hdd' as const) : ('ssd' as const),
    nvme: key('disks') === undefined && key('nvme') !== 'no',
  };
  return { vcpus, memoryMiB, store };
}

/** medium 1, large 2, xlarge 4, 12xlarge 48. */
function vcpusOf(size: string): number {
  const small = { medium: 1, large: 2, xlarge: 4 }[size];
  return small ?? 4 * Number(/^(\d+)xlarge$/.exec(size)?.[1]);
}

/** Throws if the facts do not say the family, or leave out CPUs or memory. */
export function describeType(name: string, facts: Facts): InstanceType {
  const family = facts.families.get(familyOf(name));
  if (!family) throw new Error(`families.txt has no family for ${name}`);
  const subject = subjectOf(name, family, facts.types.get(name));
  const { vcpus, memoryMiB, store } = figures(subject, facts);
  const ebs = figuresOf(facts.ebs, subject, 'ebs');
  const network = figuresOf(facts.network, subject, 'network');
  const accelerator = facts.accelerators.get(name);
  const traits: TypeTraits = {
    ...hardware(subject),
    ...offer(subject),
    ...storage(subject, ebs !== undefined),
    ...networking(subject),
    ...services(subject, memoryMiB, vcpus, store !== undefined),
  };
  const cores = validCores(subject, facts, vcpus / traits.threadsPerCore);
  const attachmentsMax = attachmentsOf(subject, store?.count ?? 0, accelerator?.count ?? 0);
  return {
    ...traits,
    name,
    vcpus,
    memoryMiB,
    ...(cores === undefined ? {} : { validCores: cores }),
    ...(network === undefined ? {} : { network }),
    ...(ebs === undefined ? {} : { ebs }),
    ...(attachmentsMax === undefined ? {} : { attachmentsMax }),
    ...(store === undefined ? {} : { instanceStore: store }),
    ...(accelerator === undefined ? {} : { accelerator }),
  };
}
