/** The host does not let this process make networks; the message says the way out. */
export class NetworkPrivilegeError extends Error {
  override readonly name = 'NetworkPrivilegeError';
}

/** A tool or kernel part is missing; the message names the package that has it. */
export class NetworkToolError extends Error {
  override readonly name = 'NetworkToolError';
}

/** An address or range that cannot be used here, or that something else uses. */
export class NetworkRangeError extends Error {
  override readonly name = 'NetworkRangeError';
}

/** A malformed NIC or policy: refused before it becomes text for another program. */
export class NetworkInputError extends Error {
  override readonly name = 'NetworkInputError';
}

/** A command that failed or took too long. */
export class NetworkCommandError extends Error {
  override readonly name = 'NetworkCommandError';
  readonly command: string;
  readonly stderr: string;

  constructor(command: string, stderr: string, options?: ErrorOptions) {
    super(`${command}: ${stderr.trim() || 'failed'}`, options);
    this.command = command;
    this.stderr = stderr;
  }
}
