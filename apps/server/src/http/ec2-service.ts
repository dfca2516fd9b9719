import {
  decodeEc2Input,
  decodeStsQuery,
  encodeEc2Response,
  encodeStsResponse,
  readEc2Call,
  type SignedRequest,
  xmlContentType,
} from '@bakehouse/aws-wire';
import { dispatch, type OperationContext, operations } from '@bakehouse/control';
import type { Caller } from './caller.ts';
import type { Reply } from './exchange.ts';

/** EC2's Query protocol: decode by the model, dispatch, encode by the model. */
export async function serveEc2(request: SignedRequest, context: OperationContext): Promise<Reply> {
  const call = readEc2Call(request);
  // An operation that is not served says so before its parameters are judged.
  const input = call.action in operations ? decodeEc2Input(call.action, call.parameters) : {};
  const output = await dispatch(operations, call.action, context, input);
  return {
    status: 200,
    contentType: xmlContentType,
    body: encodeEc2Response(call.action, output as never, context.requestId),
  };
}

/** STS: GetCallerIdentity, which every SDK knows how to ask. */
export function serveSts(request: SignedRequest, caller: Caller, requestId: string): Reply {
  const { action } = decodeStsQuery(request);
  const identity = {
    UserId: caller.accountId,
    Account: caller.accountId,
    Arn: `arn:aws:iam::${caller.accountId}:root`,
  };
  const body = encodeStsResponse(action, identity, requestId);
  return { status: 200, contentType: xmlContentType, body };
}
