import type { AdminErrorBody } from './admin-protocol.ts';

/** A line of a reply: progress, or at its end the result. */
export const encodeAdminLine = (
  line: { readonly progress: unknown } | { readonly result: unknown },
): string => `${JSON.stringify(line)}\n`;

/** The body of an error reply, and the last line of a reply that fails after it began. */
export function encodeAdminError({
  code,
  message,
}: {
  readonly code: string;
  readonly message: string;
}): string {
  return `${JSON.stringify({ __type: code, message } satisfies AdminErrorBody)}\n`;
}
