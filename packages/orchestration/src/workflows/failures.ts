import {
  BlockStoreUnreachableError,
  InsufficientCapacityError,
  MemoryNotKeptError,
} from '@bakehouse/domain';
import type { FailureNamer } from '@bakehouse/workflow-engine';

/** Codes of the failures that steps foresee. Rules and records decide by them, never by a message. */
export const failureCodes = {
  /** The host has no room for the machine. */
  noCapacity: 'InsufficientInstanceCapacity',
  /** The process that keeps the blocks is away; it is started again within seconds. */
  blockStoreAway: 'BlockStoreUnreachable',
  /** The guest does not let go of a disk. */
  diskHeld: 'DiskHeldByGuest',
  /** The guest does not let go of a network card. */
  cardHeld: 'CardHeldByGuest',
  /** A VPC has no gateway to the outside. */
  noGateway: 'Gateway.NotAttached',
  /** A volume was deleted before its snapshot could be taken. */
  volumeGone: 'VolumeDeleted',
  /** The caller of a snapshot got the error that it came too late. */
  tooLate: 'SnapshotRefused',
  /** A guest did not come to wait for its network card, so that there is no template of it. */
  noTemplate: 'GuestNotReady',
  /** An instance was to have the memory and the disks of another one, and has not got them. */
  notForked: 'InstanceNotForked',
  /** The disk has no room for what is to be copied. */
  noDiskRoom: 'InsufficientVolumeCapacity',
  /** Somebody asked for the work's end. */
  cancelled: 'Cancelled',
} as const;

/** The adapters' errors that have a code. */
const named = [
  [InsufficientCapacityError, failureCodes.noCapacity],
  [BlockStoreUnreachableError, failureCodes.blockStoreAway],
  [MemoryNotKeptError, failureCodes.noTemplate],
] as const;

export const nameOf: FailureNamer = (error) => named.find(([type]) => error instanceof type)?.[1];
