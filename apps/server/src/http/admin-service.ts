import { type AdminCallName, checkAdminProgress, checkAdminResult } from '@bakehouse/admin-api';
import {
  type AdminCall,
  decodeAdminRequest,
  encodeAdminError,
  encodeAdminLine,
} from '@bakehouse/aws-wire';
import { type Logger, secondMs } from '@bakehouse/base';
import { apiError } from '@bakehouse/domain';
import type { AdminContext, AdminHandlers } from '@bakehouse/orchestration';
import { AdminReply } from './admin-reply.ts';
import type { Caller } from './caller.ts';
import { publicError } from './error-reply.ts';
import type { ServiceRequest } from './listener.ts';
import { onClosed } from './on-closed.ts';

export interface AdminServiceOptions {
  /** Who may operate the platform. */
  readonly operatorAccountId: string;
  readonly handlers: AdminHandlers;
  /** Rejects while the platform is not ready for operators. */
  readonly makeContext: (caller: Caller, signal: AbortSignal) => Promise<AdminContext>;
  readonly logger: Logger;
  /** How long a call may be silent. 20 seconds unless given. */
  readonly heartbeatMs?: number;
}

type AdminRequest = Pick<ServiceRequest, 'head' | 'body' | 'caller' | 'response'>;

function checkOperator(caller: Caller, operatorAccountId: string): void {
  if (caller.accountId === operatorAccountId) return;
  throw apiError('UnauthorizedOperation', {
    message: `Only account ${operatorAccountId} operates this platform`,
  });
}

async function perform<Name extends AdminCallName>(
  { name, input }: AdminCall<Name>,
  { handlers }: AdminServiceOptions,
  { context, reply }: { readonly context: AdminContext; readonly reply: AdminReply },
): Promise<string> {
  const result = await handlers[name](context, input, (progress) => {
    reply.progress(encodeAdminLine({ progress: checkAdminProgress(name, progress) }));
  });
  return encodeAdminLine({ result: checkAdminResult(name, result) });
}

/** Serves one of the operator's calls. An error before the reply has begun is thrown. */
export async function serveAdmin(
  { head, body, caller, response }: AdminRequest,
  options: AdminServiceOptions,
): Promise<void> {
  checkOperator(caller, options.operatorAccountId);
  const call = decodeAdminRequest({ headers: head.headers, body: await body.bytes() });
  const gone = new AbortController();
  onClosed(response, () => gone.abort(new Error('the caller closed the connection')));
  const reply = new AdminReply(response);
  const beating = setInterval(() => reply.beat(), options.heartbeatMs ?? 20 * secondMs);
  try {
    const context = await options.makeContext(caller, gone.signal);
    reply.end(await perform(call, options, { context, reply }));
  } catch (error) {
    if (!reply.hasBegun) throw error;
    if (gone.signal.aborted) return;
    reply.end(encodeAdminError(publicError(error, options.logger)));
  } finally {
    clearInterval(beating);
  }
}
