import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MiB, silentLogger, systemClock } from '@bakehouse/base';
import type { InstanceId, Nic, VolumeId } from '@bakehouse/domain';
import {
  findControlGroups,
  findProcesses,
  lendDevices,
  runCommand,
  seccompFilter,
} from '@bakehouse/host';
import { takePublicRange } from '@bakehouse/testkit';
import { type Config, readConfig } from '../src/config.ts';
import { type DataDirectory, openDataDirectory } from '../src/data-directory.ts';
import { destroyPlatform } from '../src/destroy.ts';
import { type WiredDrivers, wireQemuDrivers } from '../src/wiring/qemu-drivers.ts';

/** The drivers of a platform, with two machines that run QEMU and no guest. */
export interface JailedPlatform extends AsyncDisposable {
  readonly config: Config;
  readonly data: DataDirectory;
  readonly wired: WiredDrivers;
  /** `prepare` gets the machine's disk before QEMU opens it. */
  start(n: number, prepare?: (disk: string) => Promise<void>): Promise<void>;
}

export const idOf = {
  instance: (n: number): InstanceId => `i-${hex(n)}`,
  volume: (n: number): VolumeId => `vol-${hex(n)}`,
};
const hex = (n: number) => n.toString(16).padStart(17, '0');

export function nicOf(n: number): Nic {
  return {
    nicId: `eni-${hex(n)}`,
    instanceId: idOf.instance(n),
    subnetId: 'subnet-0123456789abcdef0',
    subnetCidr: '172.31.0.0/20',
    vpcId: 'vpc-0123456789abcdef0',
    macAddress: `0e:00:00:00:00:0${n}`,
    privateIp: `172.31.0.1${n}`,
    hostName: `ip-172-31-0-1${n}`,
    domainName: 'ec2.internal',
  };
}

export interface JailedPlatformOptions {
  /** The folder of the data; made when absent. */
  readonly root?: string;
  /** Settings of the server. */
  readonly settings?: readonly string[];
}

export async function jailedPlatform(options: JailedPlatformOptions = {}): Promise<JailedPlatform> {
  const root = options.root ?? (await mkdtemp(join(tmpdir(), 'bakehouse-jail-')));
  const { settings = [] } = options;
  const range = await takePublicRange();
  const place = ['--data', root, '--public-cidr', range.cidr, '--outbound', 'off'];
  const config = readConfig([...place, ...settings], {});
  const data = await openDataDirectory(config);
  const wired = await wireQemuDrivers(config, data, { clock: systemClock, logger: silentLogger });
  await wired.open();
  // Files that a server has and these drivers do not make.
  for (const path of [data.metadata, data.credentials, data.parameterKey]) {
    await writeFile(path, 'a secret of the platform', { mode: 0o600 });
  }
  return {
    config,
    data,
    wired,
    async start(n, prepare) {
      const { volumes, network, compute } = wired.drivers;
      await volumes.create({ volumeId: idOf.volume(n), sizeBytes: 64 * MiB });
      await prepare?.(join(data.volumes, idOf.volume(n), 'disk.qcow2'));
      const nic = nicOf(n);
      await compute.start({
        instanceId: idOf.instance(n),
        generation: 1,
        instanceType: 't3.micro',
        architecture: 'x86_64',
        cpus: { cores: 1, threadsPerCore: 1 },
        memoryMiB: 64,
        disks: [{ deviceName: '/dev/sda1', volumeId: idOf.volume(n), bootIndex: 0 }],
        ephemeralDisks: [],
        nics: [{ nicId: nic.nicId, macAddress: nic.macAddress, port: await network.plug(nic) }],
      });
    },
    async [Symbol.asyncDispose]() {
      await wired.close();
      await destroyPlatform(config, { deleteData: true });
      await range.release();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/**
 * Runs a Python program in the jail of a running machine: the same command that made the jail, with another program
 * at its end. Returns what it printed.
 */
export async function runInJail(
  instanceId: InstanceId,
  enter: readonly string[],
  program: { readonly text: string; readonly argument: string },
): Promise<string> {
  const [outer] = await findProcesses(
    ({ argv: [name = '', ...args] }) =>
      name.endsWith('bwrap') && args.includes(`guest=${instanceId},debug-threads=on`),
  );
  if (outer === undefined) throw new Error(`${instanceId} has no jail`);
  const at = outer.argv.findIndex((argument) => argument.includes('qemu-system-'));
  const jail = outer.argv.slice(0, at);
  const user = Number(jail.find((argument) => argument.startsWith('--reuid='))?.split('=')[1]);
  // The machine's own nodes were taken from the host when it had started.
  const groups = await findControlGroups();
  const group = `bakehouse-probe-${user}`;
  const limits = { memoryBytes: 544 * MiB, threadsMax: 600, weight: 100 };
  const { takeBack } = await lendDevices(['/dev/net/tun'], { user, name: instanceId });
  try {
    const descriptors = ['sh', '-c', 'exec "$@" 3>/dev/null 4<&0 </dev/null', 'jail'];
    const python = ['/usr/bin/python3', '-c', program.text, program.argument];
    return await runCommand(
      [...descriptors, ...(await groups.make(group, limits)), ...enter, ...jail, ...python],
      {
        input: seccompFilter(),
        timeoutMs: 120_000,
      },
    );
  } finally {
    await takeBack();
    await groups.remove(group);
  }
}
