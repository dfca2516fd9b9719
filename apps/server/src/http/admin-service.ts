import type { ServerResponse } from 'node:http';
import {
  adminHeartbeat,
  adminStreamContentType,
  decodeAdminRequest,
  encodeAdminError,
  encodeAdminEvent,
  type SignedRequest,
} from '@bakehouse/aws-wire';
import type { Logger } from '@bakehouse/base';
import type { AdminContext, adminOperations } from '@bakehouse/control';
import { apiError } from '@bakehouse/domain';
import type { Caller } from './caller.ts';
import { publicError } from './error-reply.ts';

export interface AdminServiceOptions {
  /** Who may operate the platform. */
  readonly operatorAccountId: string;
  readonly operations: typeof adminOperations;
  readonly makeContext: (caller: Caller, signal: AbortSignal) => AdminContext;
  readonly logger: Logger;
  /** How long an operation may be silent before a sign of life goes out. 20 seconds unless given. */
  readonly heartbeatMs?: number;
}

function operationOf(request: SignedRequest, caller: Caller, options: AdminServiceOptions) {
  const { operation: name, input } = decodeAdminRequest(request);
  if (caller.accountId !== options.operatorAccountId) {
    throw apiError('UnauthorizedOperation', {
      message: `Only account ${options.operatorAccountId} operates this platform`,
    });
  }
  const { operations } = options;
  const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
  if (!operation) throw apiError('InvalidAction', { action: name, version: '' });
  return { operation, input };
}

/**
 * An operator's call: a line of JSON per event, the last is the result; an error ends the stream. One that comes
 * before all else is an error answer. Clients and what stands between them give up on silence, so there is none.
 */
export async function serveAdmin(
  request: SignedRequest,
  response: ServerResponse,
  caller: Caller,
  options: AdminServiceOptions,
): Promise<void> {
  const { operation, input } = operationOf(request, caller, options);
  const gone = new AbortController();
  response.on('close', () => gone.abort(new Error('the caller went away')));
  const write = (text: string) => {
    if (!response.headersSent) {
      response.writeHead(200, { 'content-type': adminStreamContentType });
    }
    response.write(text);
  };
  const beating = setInterval(() => write(adminHeartbeat), options.heartbeatMs ?? 20_000);
  try {
    const events = operation(options.makeContext(caller, gone.signal), input);
    for await (const event of events) write(encodeAdminEvent(event));
  } catch (error) {
    if (!response.headersSent) throw error;
    if (!gone.signal.aborted) {
      response.write(`${encodeAdminError(publicError(error, options.logger))}\n`);
    }
  } finally {
    clearInterval(beating);
  }
  response.end();
}
