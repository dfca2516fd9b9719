import type { Clock, IdSource, TimestampMs } from '@bakehouse/base';
import type {
  Compute,
  GuestRoomMeter,
  HotMaps,
  ImageBuilder,
  MetadataPublisher,
  MetadataStore,
  Network,
  NetworkPort,
  PrunableSnapshotStore,
  RoomReporter,
  VolumeDisks,
  VolumeFreezer,
} from '@bakehouse/domain';
import { FakeImageBuilder } from './fake-image-builder.ts';
import { FaultPlan } from './faults.ts';
import { Life } from './life.ts';
import { ManualClock } from './manual-clock.ts';
import { MemoryHotMaps } from './memory-hot-maps.ts';
import { MemoryMetadataPublisher } from './memory-metadata-publisher.ts';
import { MemoryNetwork, portOf } from './memory-network.ts';
import { MemoryRoom, type MemoryRoomOptions } from './memory-room.ts';
import { MemorySnapshotStore } from './memory-snapshot-store.ts';
import { MemorySources } from './memory-sources.ts';
import { MemoryVolumeDisks } from './memory-volume-disks.ts';
import { mortalClock } from './mortal-clock.ts';
import { seededIds } from './seeded-ids.ts';
import { type Random, seededRandom } from './seeded-random.ts';
import { SimulatedCompute } from './simulated-compute.ts';
import { forkerOver, withForker } from './simulated-forking.ts';
import { hasProcess } from './simulated-machine.ts';
import { newTestStore } from './test-store.ts';
import { withFaults } from './with-faults.ts';

/** The ports as one run of the control plane has them. */
export interface WorldPorts {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly metadata: MetadataStore;
  readonly compute: Compute;
  readonly network: Network;
  readonly publisher: MetadataPublisher;
  readonly snapshots: PrunableSnapshotStore;
  readonly volumes: VolumeDisks & VolumeFreezer;
  readonly hot: HotMaps;
  readonly builder: ImageBuilder;
  /** Absent in a world whose disks have no end. */
  readonly room?: RoomReporter;
  readonly guestRoom?: GuestRoomMeter;
}

export interface ControlPlaneLife extends WorldPorts {
  /** SIGKILL: from now on nothing that this run does has any effect, and nothing it waits for comes. */
  readonly life: Life;
}

export interface FakeWorldOptions {
  readonly seed?: string | number;
  readonly startMs?: TimestampMs;
  /** Memory for machines; without it there is no limit. */
  readonly memoryMiB?: number;
  /** The file system of guests' disks; without it there is no limit. */
  readonly room?: Pick<MemoryRoomOptions, 'totalBytes' | 'reservedBytes'>;
}

/** The outside world, which outlives the control plane: connect, crash, connect again. */
export class FakeWorld {
  readonly random: Random;
  readonly clock: ManualClock;
  readonly ids: IdSource;
  readonly metadata = newTestStore();
  readonly sources = new MemorySources();
  readonly snapshots = new MemorySnapshotStore(this.sources);
  readonly compute: SimulatedCompute;
  readonly volumes: MemoryVolumeDisks;
  readonly hot: MemoryHotMaps;
  readonly network: MemoryNetwork;
  readonly publisher = new MemoryMetadataPublisher();
  readonly builder: FakeImageBuilder;
  readonly room?: MemoryRoom;
  /** A guest that is forked runs on so long while its memory is copied. */
  memoryCopyMs = 0;

  constructor({ seed = 1, startMs, memoryMiB, room }: FakeWorldOptions = {}) {
    this.random = seededRandom(seed);
    this.ids = seededIds(seed);
    this.clock = new ManualClock(startMs);
    this.builder = new FakeImageBuilder(this);
    this.compute = new SimulatedCompute({
      clock: this.clock,
      checkDisk: (volumeId) => {
        if (!this.volumes.has(volumeId)) throw new Error(`there is no disk of ${volumeId}`);
        this.volumes.open(volumeId);
      },
      copyDisk: (from, to) => this.volumes.copy(from, to),
      copyMemory: (signal) => this.#copyMemory(signal),
      diskClosed: (volumeId, how) => this.volumes.machineEnded(volumeId, how),
      ...(memoryMiB === undefined ? {} : { memoryMiB }),
    });
    this.hot = new MemoryHotMaps(this.snapshots, this.clock);
    this.volumes = new MemoryVolumeDisks(this.snapshots, {
      hot: this.hot,
      userOf: (volumeId) => this.compute.userOf(volumeId),
    });
    this.network = new MemoryNetwork({ isGuestUp: (port) => this.compute.usesPort(port) });
    const usedByGuests = () => this.compute.diskUseBytes;
    if (room) this.room = new MemoryRoom({ ...room, usedByGuests });
  }

  /** What is wrong in the world by itself, whatever the records say; empty when all is well. */
  async problems(): Promise<readonly string[]> {
    const problems: string[] = [];
    const ports = await this.#ports();
    for (const { spec, disks, nics } of this.compute.machines().filter(hasProcess)) {
      const missing = disks.filter(({ volumeId }) => !this.volumes.has(volumeId));
      problems.push(...missing.map((disk) => `${spec.instanceId} runs without ${disk.volumeId}`));
      if (!nics.every(({ port }) => ports.has(port)))
        problems.push(`${spec.instanceId} runs unplugged`);
    }
    for (const volumeId of await this.volumes.list()) {
      const origin = this.volumes.missingOrigin(volumeId);
      if (origin) problems.push(`${volumeId} reads from ${origin}, which is gone`);
      const hot = this.hot.missingBehind(volumeId);
      if (hot) problems.push(`${volumeId} reads the hot map ${hot}, which is gone`);
    }
    return problems;
  }

  /** A run of the control plane; the one before should have ended. */
  connect(plan: FaultPlan = new FaultPlan()): ControlPlaneLife {
    const life = new Life();
    const wrap = <Port extends object>(name: string, port: Port): Port =>
      withFaults(port, { name, plan, life });
    return {
      life,
      clock: mortalClock(this.clock, life),
      ids: this.ids,
      metadata: wrap<MetadataStore>('metadata', this.metadata),
      compute: withForker(
        wrap<Compute>('compute', this.compute),
        wrap('compute', forkerOver(wrap('forking', this.compute.forking))),
      ),
      network: wrap<Network>('network', this.network),
      publisher: wrap<MetadataPublisher>('publisher', this.publisher),
      snapshots: wrap<PrunableSnapshotStore>('snapshots', this.snapshots),
      volumes: wrap<VolumeDisks & VolumeFreezer>('volumes', this.volumes),
      hot: wrap<HotMaps>('hot', this.hot),
      builder: wrap<ImageBuilder>('builder', this.builder),
      ...(this.room && {
        room: wrap<RoomReporter>('room', this.room),
        guestRoom: wrap<GuestRoomMeter>('guestRoom', this.room),
      }),
    };
  }

  async #copyMemory(signal: AbortSignal): Promise<void> {
    if (this.memoryCopyMs > 0) await this.clock.sleep(this.memoryCopyMs, signal);
  }

  async #ports(): Promise<ReadonlySet<NetworkPort>> {
    return new Set((await this.network.list()).map(portOf));
  }
}
