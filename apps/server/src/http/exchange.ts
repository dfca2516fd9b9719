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

const tooLarge = () =>
  apiError('RequestEntityTooLarge', {
    message: `The request body is larger than ${bodyBytesMax} bytes`,
  });

/**
 * The body, refused as soon as it is known to be too large; what comes after that is not read. By events:
 * the stream's iterator costs more than all else that a small request needs of HTTP.
 */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > bodyBytesMax) return reject(tooLarge());
    const parts: Buffer[] = [];
    let length = 0;
    request.on('data', (part: Buffer) => {
      length += part.length;
      parts.push(part);
      if (length <= bodyBytesMax) return;
      request.pause();
      request.removeAllListeners('data');
      reject(tooLarge());
    });
    request.on('end', () => {
      resolve(parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts));
    });
    request.on('error', reject);
  });
}

/** Node's message as the signature check reads it. */
export function signedRequest(request: IncomingMessage, body: Uint8Array): SignedRequest {
  const target = request.url ?? '/';
  const mark = target.indexOf('?');
  return {
    method: request.method ?? 'GET',
    path: mark < 0 ? target : target.slice(0, mark),
    rawQuery: mark < 0 ? '' : target.slice(mark + 1),
    headers: headersOf(request),
    body,
  };
}

/** Where no header comes twice, `headers`, which Node has made already, says the same. */
function headersOf(request: IncomingMessage): SignedRequest['headers'] {
  const { headers, rawHeaders } = request;
  const isEachOnce = Object.keys(headers).length * 2 === rawHeaders.length;
  return isEachOnce ? headers : request.headersDistinct;
}

/** A request that was not read to its end is the connection's last. */
export function sendReply(response: ServerResponse, reply: Reply, requestId: string): void {
  const body = Buffer.from(reply.body);
  response.writeHead(reply.status, {
    'content-type': reply.contentType,
    'content-length': body.length,
    'x-amzn-requestid': requestId,
    ...(response.req.complete ? {} : { connection: 'close' }),
  });
  response.end(body);
}
