import type { IncomingMessage } from 'node:http';
import type { RequestHead } from '@bakehouse/aws-wire';

/** Node's message as signature check and protocols read it. */
export function requestHead(request: IncomingMessage): RequestHead {
  const target = request.url ?? '/';
  const mark = target.indexOf('?');
  return {
    method: request.method ?? '',
    path: mark < 0 ? target : target.slice(0, mark),
    rawQuery: mark < 0 ? '' : target.slice(mark + 1),
    headers: headersOf(request),
  };
}

/** Where no header occurs twice, `headers` is the same, and Node has already made it. */
function headersOf(request: IncomingMessage): RequestHead['headers'] {
  const { headers, rawHeaders } = request;
  const isEachOnce = Object.keys(headers).length * 2 === rawHeaders.length;
  return isEachOnce ? headers : request.headersDistinct;
}
