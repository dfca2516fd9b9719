/**
 * The right to run workflows, which one server at a time has. Every write of a workflow compares the epoch with the one
 * in the workflow's row, so that a server that lost its lease without noticing changes nothing.
 */
export interface Lease {
  /** The server that has the lease, for rows and logs. */
  readonly holder: string;
  /** Grows whenever the lease passes to another server or process; an integer. */
  readonly epoch: number;
  /** Aborted when the lease is lost, or may be: work stops at once and starts nothing more. */
  readonly lost: AbortSignal;
}
