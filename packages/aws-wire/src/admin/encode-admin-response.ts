import type { AdminErrorBody } from './admin-protocol.ts';

/** The body of an answer. Times go out as ISO 8601 text. */
export function encodeAdminResponse(output: object): string {
  return JSON.stringify(output);
}

/** One event of a streamed answer: a line. */
export function encodeAdminEvent(event: object): string {
  return `${JSON.stringify(event)}\n`;
}

/** The body of an error answer, or, with a line feed after it, the end of a broken-off stream. */
export function encodeAdminError(error: { readonly code: string; readonly message: string }) {
  return JSON.stringify({
    __type: error.code,
    message: error.message,
  } satisfies AdminErrorBody);
}
