import type { Clock, Logger } from '@bakehouse/base';
import type { MachineEvent } from '@bakehouse/domain';
import type { ComputeLimits } from './compute-limits.ts';
import type { MachineRecord } from './machine-record.ts';

/** A machine that has a process, and what those who follow it use. */
export interface FollowedMachine {
  readonly folder: string;
  readonly record: MachineRecord;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: ComputeLimits;
  readonly emit: (event: MachineEvent) => void;
}
