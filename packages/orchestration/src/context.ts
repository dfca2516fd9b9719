import type { Clock, IdSource, Logger } from '@bakehouse/base';
import type {
  Compute,
  GuestRoomMeter,
  HotMaps,
  ImageBuilder,
  MetadataPublisher,
  MetadataStore,
  Network,
  PrunableSnapshotStore,
  ReadReporter,
  RoomReporter,
  VolumeDisks,
  VolumeFreezer,
} from '@bakehouse/domain';
import type { WorkflowEngine } from '@bakehouse/workflow-engine';
import type { ChangeFeed } from './changes/change-feed.ts';
import type { RecentLaunches } from './hot/recent-launches.ts';
import type { PolicyApplier } from './network-policy/policy-applier.ts';
import type { Hydrator } from './reconcilers/hydrator.ts';
import type { Settings } from './settings.ts';

/** Everything outside the control plane that workflows and reconcilers act on. */
export interface Drivers {
  readonly compute: Compute;
  readonly network: Network;
  readonly publisher: MetadataPublisher;
  readonly snapshots: PrunableSnapshotStore;
  /** Absent where machines read nothing. */
  readonly reads?: ReadReporter;
  readonly volumes: VolumeDisks & VolumeFreezer;
  readonly hot: HotMaps;
  readonly builder: ImageBuilder;
  /** Absent where disks take no room. */
  readonly room?: RoomReporter;
  /** Absent where guests' disks have no end. */
  readonly guestRoom?: GuestRoomMeter;
}

/** What a workflow's steps work with. They write records by their commits or by `work.write`, which are fenced. */
export interface WorkflowContext extends Drivers {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly metadata: Pick<MetadataStore, 'read'>;
  readonly settings: Settings;
  readonly policy: PolicyApplier;
  readonly hydrator: Pick<Hydrator, 'wake'>;
  readonly launches: Pick<RecentLaunches, 'note'>;
  readonly changes: Pick<ChangeFeed, 'watch' | 'progress' | 'lastProgress' | 'forget'>;
}

/** What reconcilers work with: they also write records, and begin work. */
export interface ReconcilerContext extends WorkflowContext {
  readonly metadata: MetadataStore;
  readonly engine: WorkflowEngine;
}
