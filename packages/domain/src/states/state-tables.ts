import type { ErrorCode } from '../errors/catalogue.ts';
import type { ImageState } from '../records/image.ts';
import type { InstanceState } from '../records/instance.ts';
import type { SnapshotState } from '../records/snapshot.ts';
import type { AttachmentState, VolumeState } from '../records/volume.ts';

/** The states in which an action is allowed, and EC2's error in others. */
export type ActionRule<State extends string = string> = {
  readonly in: readonly State[];
  /** The states of `in` that allow the action only to ignore it. A refusal does not recommend them. */
  readonly ignoredIn?: readonly State[];
} & (OurWords | ObservedWords);

interface OurWords {
  /** Completes "… is not in a state from which it can be …". */
  readonly verb: string;
  /** What the caller can do instead. */
  readonly hint?: string;
}

interface ObservedWords {
  /** EC2's message, where clients have published it. */
  readonly words: (id: string, state: string) => string;
}

interface StateTable<State extends string> {
  /** As in "The volume 'vol-…'". */
  readonly noun: string;
  /** EC2's error for an action in a state that does not allow it. */
  readonly code: ErrorCode &
    ('IncorrectInstanceState' | 'IncorrectState' | 'InvalidAMIID.Unavailable');
  /** The states that may follow each state. A record may also begin in, stay in or be deleted from any state. */
  readonly next: { readonly [S in State]: readonly State[] };
  /** By operation of EC2, and by its variant where that makes a difference. */
  readonly actions: { readonly [action: string]: ActionRule<State> };
}

const notEnded = ['pending', 'running', 'stopping', 'stopped'] as const;

const instance = {
  noun: 'instance',
  code: 'IncorrectInstanceState',
  next: {
    // A launch that fails ends as `terminated`; a start that fails, as `stopped`.
    pending: ['running', 'stopping', 'stopped', 'shutting-down', 'terminated'],
    running: ['stopping', 'stopped', 'shutting-down', 'terminated'],
    stopping: ['stopped', 'shutting-down', 'terminated'],
    stopped: ['pending', 'shutting-down', 'terminated'],
    'shutting-down': ['terminated'],
    terminated: [],
  },
  actions: {
    // Starting and stopping twice changes nothing.
    StartInstances: { in: ['stopped', 'running', 'pending'], verb: 'started' },
    StopInstances: { in: notEnded, verb: 'stopped' },
    // EC2 ignores the request for an instance that ends or has ended.
    RebootInstances: {
      in: ['pending', 'running', 'shutting-down', 'terminated'],
      ignoredIn: ['shutting-down', 'terminated'],
      verb: 'rebooted',
    },
    MonitorInstances: { in: notEnded, verb: 'monitored' },
    CreateImage: { in: notEnded, verb: 'made an image of' },
    CreateSnapshots: { in: notEnded, verb: 'snapshotted' },
    GetConsoleScreenshot: { in: ['running'], verb: 'pictured' },
    ModifyInstanceAttribute: { in: notEnded, verb: 'modified' },
    /** For attributes that a guest has from its start to its stop. */
    'ModifyInstanceAttribute at rest': { in: ['stopped'], verb: 'modified in this attribute' },
    ModifyInstanceCpuOptions: { in: ['stopped'], verb: 'changed in its CPU options' },
    ModifyInstanceCreditSpecification: { in: notEnded, verb: 'modified' },
    ModifyInstanceMetadataOptions: { in: notEnded, verb: 'modified' },
  },
} satisfies StateTable<InstanceState>;

const image = {
  noun: 'image',
  code: 'InvalidAMIID.Unavailable',
  next: { pending: ['available', 'failed'], available: [], failed: [] },
  actions: {
    RunInstances: {
      in: ['available'],
      words: (id, state) => `AMI '${id}' is ${state}, and cannot be run`,
    },
    ModifyImageAttribute: {
      in: ['available'],
      words: (id, state) =>
        `The AMI ID '${id}' is currently ${state} and may not be used for this operation`,
    },
    ResetImageAttribute: { in: ['available'], verb: 'reset' },
  },
} satisfies StateTable<ImageState>;

const snapshot = {
  noun: 'snapshot',
  code: 'IncorrectState',
  next: { pending: ['completed', 'error'], completed: [], error: [] },
  actions: {
    /** Also by a launch, and by an image that maps it. */
    CreateVolume: { in: ['completed'], verb: 'used' },
  },
} satisfies StateTable<SnapshotState>;

const volume = {
  noun: 'volume',
  code: 'IncorrectState',
  next: {
    creating: ['available', 'error', 'deleting'],
    available: ['in-use', 'deleting'],
    'in-use': ['available', 'deleting'],
    deleting: [],
    error: ['deleting'],
  },
  actions: {
    AttachVolume: { in: ['available'], verb: 'attached' },
    CreateSnapshot: { in: ['available', 'in-use'], verb: 'snapshotted' },
    DeleteVolume: { in: ['available', 'error'], verb: 'deleted' },
    ModifyVolume: { in: ['available', 'in-use'], verb: 'modified' },
  },
} satisfies StateTable<VolumeState>;

const attachment = {
  noun: 'attachment of volume',
  code: 'IncorrectState',
  next: {
    attaching: ['attached', 'detaching'],
    attached: ['detaching'],
    detaching: ['busy'],
    // Asked for again, or forced.
    busy: ['detaching'],
  },
  actions: {
    CreateSnapshots: {
      in: ['attaching', 'attached'],
      verb: 'snapshotted',
      hint: 'name the volume in ExcludeDataVolumeIds, or try again afterwards',
    },
    DetachVolume: { in: ['attached'], verb: 'ended' },
    'DetachVolume by force': { in: ['attached', 'detaching', 'busy'], verb: 'ended' },
  },
} satisfies StateTable<AttachmentState>;

/** What has states: which follow one another, and which of EC2's operations each allows. */
export const stateTables = { instance, image, snapshot, volume, attachment };

export type StatefulNoun = keyof typeof stateTables;
export type StateOf<Noun extends StatefulNoun> = keyof (typeof stateTables)[Noun]['next'] & string;
export type ActionOn<Noun extends StatefulNoun> = keyof (typeof stateTables)[Noun]['actions'] &
  string;
