import type { Reply, ReplyBody } from '../message.ts';

export const xmlDeclaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** A response of a Query protocol. */
export function xmlReply(status: number, requestId: string, body: ReplyBody): Reply {
  return {
    status,
    headers: { 'content-type': 'text/xml;charset=UTF-8', 'x-amzn-requestid': requestId },
    body,
  };
}
