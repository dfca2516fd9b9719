import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SignedRequest } from '@bakehouse/aws-wire';
import { apiError } from '@bakehouse/domain';

/** A whole answer. */
export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** More than any EC2 request has: user data is 16 KiB, a request with everything some hundred KiB. */
export const bodyBytesMax = 4 * 1024 * 1024;

/** The body, refused as soon as it is known to be too large. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const tooLarge = () =>
    apiError('RequestEntityTooLarge', {
      message: `The request body is larger than ${bodyBytesMax} bytes`,
    });
  if (Number(request.headers['content-length'] ?? 0) > bodyBytesMax) throw tooLarge();
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > bodyBytesMax) throw tooLarge();
    parts.push(part);
  }
  return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
}

/** Node's message as the signature check reads it. */
export function signedRequest(request: IncomingMessage, body: Uint8Array): SignedRequest {
  const target = request.url ?? '/';
  const mark = target.indexOf('?');
  return {
    method: request.method ?? 'GET',
    path: mark < 0 ? target : target.slice(0, mark),
    rawQuery: mark < 0 ? '' : target.slice(mark + 1),
    headers: request.headersDistinct,
    body,
  };
}

export function sendReply(response: ServerResponse, reply: Reply, requestId: string): void {
  const body = Buffer.from(reply.body);
  response.writeHead(reply.status, {
    'content-type': reply.contentType,
    'content-length': body.length,
    'x-amzn-requestid': requestId,
  });
  response.end(body);
}
