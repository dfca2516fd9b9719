/** The instance has no running machine. */
export class MachineGoneError extends Error {
  override readonly name = 'MachineGoneError';
}

/** QEMU did not start. The message has what it wrote. */
export class MachineStartError extends Error {
  override readonly name = 'MachineStartError';
}

/** QEMU runs but does not answer. */
export class MachineUnresponsiveError extends Error {
  override readonly name = 'MachineUnresponsiveError';
}

/** The guest does not release a network card that should be detached, or still holds the rest of one that was. */
export class CardBusyError extends Error {
  override readonly name = 'CardBusyError';
}

/** The guest does not release a disk that should be detached, or still holds the rest of one that was. */
export class DiskBusyError extends Error {
  override readonly name = 'DiskBusyError';
}

/** A machine cannot go on from kept memory. It can boot. */
export class MemoryMisfitError extends Error {
  override readonly name = 'MemoryMisfitError';
}
