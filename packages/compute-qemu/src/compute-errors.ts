/** There is no running machine of this instance. */
export class MachineGoneError extends Error {
  override readonly name = 'MachineGoneError';
}

/** QEMU did not start; `message` has what it said. */
export class MachineStartError extends Error {
  override readonly name = 'MachineStartError';
}

/** QEMU runs and does not answer. */
export class MachineUnresponsiveError extends Error {
  override readonly name = 'MachineUnresponsiveError';
}

/** The guest holds on to a disk that was to be detached, or still holds the stump of one that was. */
export class DiskBusyError extends Error {
  override readonly name = 'DiskBusyError';
}
