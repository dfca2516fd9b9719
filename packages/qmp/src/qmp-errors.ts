/** QEMU refused a command. `desc` is for people; decide by `class` and by asking the machine again. */
export class QmpError extends Error {
  override readonly name = 'QmpError';
  readonly command: string;
  /** `GenericError`, `CommandNotFound`, `DeviceNotFound`, `DeviceNotActive`, `KVMMissingCap`. */
  readonly class: string;
  readonly desc: string;

  constructor(failure: { command: string; class: string; desc: string }) {
    super(`QEMU refused ${failure.command}: ${failure.desc} (${failure.class})`);
    this.command = failure.command;
    this.class = failure.class;
    this.desc = failure.desc;
  }
}

/** The connection to QEMU ended, or could not be made. Whether a command in flight was done is unknown. */
export class QmpClosedError extends Error {
  override readonly name = 'QmpClosedError';
}

/** QEMU did not answer in time. Whether the command is done, or will be, is unknown. */
export class QmpTimeoutError extends Error {
  override readonly name = 'QmpTimeoutError';
}

/** What came is not QMP. The connection is given up: what follows cannot be trusted. */
export class QmpProtocolError extends Error {
  override readonly name = 'QmpProtocolError';
}
