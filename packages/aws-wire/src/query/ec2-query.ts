import type { OperationShape, ServiceModel } from '@bakehouse/aws-model';
import type { Protocol } from '../protocol.ts';
import { replyBody } from '../reply-body.ts';
import { encodePieces } from '../xml/encode-xml.ts';
import { escapeXml } from '../xml/escape-xml.ts';
import { xmlDeclaration, xmlReply } from '../xml/xml-reply.ts';
import { queryOpener } from './open-query.ts';

/** Bytes where EC2 elsewhere has text, which it refuses in the same words. */
const refusals = new Map([['UserData.Value', { base64Of: 'user data' } as const]]);

/** EC2's own form of the Query protocol: flat lists, and responses without a result element. */
export const ec2Query: Protocol = {
  open: queryOpener({ flatLists: true, lenient: true, refusals, emptyList: 'absent' }),

  encode(model, operation, output, requestId) {
    return xmlReply(200, requestId, replyBody(answer(model, operation, output, requestId)));
  },

  /** `RequestID` is spelled like this here and `requestId` in responses. */
  encodeError(_, error, requestId) {
    const code = `<Code>${escapeXml(error.code)}</Code>`;
    const message = `<Message>${escapeXml(error.message)}</Message>`;
    const errors = `<Errors><Error>${code}${message}</Error></Errors>`;
    const id = `<RequestID>${escapeXml(requestId)}</RequestID>`;
    const xml = `${xmlDeclaration}<Response>${errors}${id}</Response>`;
    return xmlReply(error.status, requestId, xml);
  },
};

function* answer(
  { xmlNamespace }: ServiceModel,
  { name, output: shape }: OperationShape,
  output: object,
  requestId: string,
): Generator<string> {
  const id = `<requestId>${escapeXml(requestId)}</requestId>`;
  yield `${xmlDeclaration}<${name}Response xmlns="${xmlNamespace}/">${id}`;
  // An operation that returns nothing says so.
  if (shape.members.length === 0) yield '<return>true</return>';
  else yield* encodePieces(shape, output);
  yield `</${name}Response>`;
}
