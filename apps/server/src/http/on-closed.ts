import type { ServerResponse } from 'node:http';

/**
 * Calls `done` when the response has been sent or its connection has ended; at once when that was before: `close` is
 * not emitted again.
 */
export function onClosed(response: ServerResponse, done: () => void): void {
  if (response.destroyed) done();
  else response.once('close', done);
}
