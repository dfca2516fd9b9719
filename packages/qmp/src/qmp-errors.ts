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

/** The connection to QEMU ended or could not be made. Whether a command in flight was run is unknown. */
export class QmpClosedError extends Error {
  override readonly name = 'QmpClosedError';
}

/** QEMU did not respond in time. Whether the command was or will be run is unknown. */
export class QmpTimeoutError extends Error {
  override readonly name = 'QmpTimeoutError';
}

/** QEMU sent something that is not QMP. The connection is closed: what follows cannot be trusted. */
export class QmpProtocolError extends Error {
  override readonly name = 'QmpProtocolError';
}
