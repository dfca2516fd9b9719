/** The host does not let this process create networks. The message has the way out. */
export class NetworkPrivilegeError extends Error {
  override readonly name = 'NetworkPrivilegeError';
}

/** A program or kernel module does not work here. The message has the way out. */
export class NetworkToolError extends Error {
  override readonly name = 'NetworkToolError';
}

/** An address or range that cannot be used here, or that something else uses. The message has the way out. */
export class NetworkRangeError extends Error {
  override readonly name = 'NetworkRangeError';
}

/** A malformed name, NIC or policy, refused before it becomes text for another program. */
export class NetworkInputError extends Error {
  override readonly name = 'NetworkInputError';
}
