import { join } from 'node:path';
import type { InstanceId, MachineNic, VolumeId } from '@bakehouse/domain';
import {
  describeComputeDriver,
  describeGuestForker,
  describeMemoryKeeper,
  type OpenedCompute,
} from '@bakehouse/testkit';
import { bootSectors, writeBootDisk } from './boot-sectors.ts';
import { machineSpec } from './machine-spec.ts';
import { run, TestBench } from './test-bench.ts';

/** Machines with guests that do nothing. Their disks and taps are made on demand. */
async function openCompute(): Promise<OpenedCompute> {
  const bench = await TestBench.open();
  const { driver: compute } = bench.driver({
    commandMs: 2_000,
    statusMs: 200,
    quitMs: 500,
    forcedUnplugMs: 100,
  });
  let latest = compute;
  let count = 0;
  let cards = 0;
  const aDisk = async (bootSector: string = bootSectors.idle) => {
    count += 1;
    const volumeId: VolumeId = `vol-${count.toString(16).padStart(17, '0')}`;
    const raw = join(bench.folder, `${volumeId}.raw`);
    await writeBootDisk(raw, bootSector);
    await run('qemu-img', ['convert', '-O', 'qcow2', raw, bench.disk(volumeId)]);
    return volumeId;
  };
  const aNic = async (): Promise<MachineNic> => {
    cards += 1;
    const port = `tap${cards}x`;
    const add = ['ip', 'tuntap', 'add', 'dev', port, 'mode', 'tap', 'vnet_hdr'];
    await run('ip', ['netns', 'exec', bench.namespace, ...add]);
    const number = cards.toString(16).padStart(2, '0');
    return { nicId: `eni-000000000000000${number}`, macAddress: `0e:00:00:00:00:${number}`, port };
  };
  const withCard = async (instanceId: InstanceId, bootSector?: string) => {
    const disks = [{ deviceName: '/dev/sda1', volumeId: await aDisk(bootSector), bootIndex: 0 }];
    return machineSpec({ instanceId, disks, nics: [await aNic()] });
  };
  return {
    compute,
    aSpec: (instanceId) => withCard(instanceId),
    aForkable: (instanceId) => withCard(instanceId, bootSectors.counter),
    async aTemplate(instanceId) {
      const volumeId = await aDisk(bootSectors.waiter);
      const disks = [{ deviceName: '/dev/sda1', volumeId, bootIndex: 0 }];
      return machineSpec({ instanceId, disks, nics: [] });
    },
    aFreeNic: aNic,
    aFreeDisk: async () => ({ deviceName: '/dev/sdf', volumeId: await aDisk() }),
    async restart() {
      latest = bench.driver().driver;
      return latest;
    },
    restartFindsMachines: false,
    guestsObey: false,
    identityOf: (instanceId) => bench.pidOf(instanceId),
    hang: async (instanceId) => void process.kill(await bench.pidOf(instanceId), 'SIGSTOP'),
    async dispose() {
      for (const { instanceId } of await latest.list()) await latest.kill(instanceId);
      await bench.close();
    },
  };
}

describeComputeDriver('QemuCompute', openCompute);
describeMemoryKeeper('QemuCompute', openCompute);
describeGuestForker('QemuCompute', openCompute);
