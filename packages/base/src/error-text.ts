/** The message of whatever was thrown. For people; never decide by it. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** An error as plain data for a structured log: with its stack, its cause chain and the errors it holds together. */
export type ErrorFields = Readonly<Record<string, unknown>>;

/** Longer chains are cut: a cause that leads back to itself must not hang the logger. */
const chainMax = 8;

/**
 * Error fields that say more than the message. Anything else an error carries may be large or secret, so it is
 * not logged.
 */
const knownFields = ['code', 'errno', 'syscall', 'path'] as const;

export function errorFields(error: unknown, depth = 0): ErrorFields {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack, cause } = error;
  const more = knownFields.flatMap((field) => {
    const value: unknown = Reflect.get(error, field);
    return typeof value === 'string' || typeof value === 'number' ? [[field, value]] : [];
  });
  const isCut = depth >= chainMax;
  const parts = error instanceof AggregateError ? error.errors : [];
  return {
    name,
    message,
    ...Object.fromEntries(more),
    ...(stack === undefined ? {} : { stack }),
    ...(cause === undefined || isCut ? {} : { cause: errorFields(cause, depth + 1) }),
    ...(parts.length === 0 || isCut
      ? {}
      : { errors: parts.slice(0, chainMax).map((part: unknown) => errorFields(part, depth + 1)) }),
  };
}
