import type { Protocol } from '../protocol.ts';
import { encodeContent } from '../xml/encode-xml.ts';
import { escapeXml } from '../xml/escape-xml.ts';
import { xmlReply } from '../xml/xml-reply.ts';
import { queryOpener } from './open-query.ts';

/** The Query protocol of IAM, STS and many others. */
export const awsQuery: Protocol = {
  open: queryOpener({ flatLists: false, lenient: false, emptyList: 'empty' }),

  /** An operation without an output has no result element. */
  encode(model, { name, output: shape }, output, requestId) {
    const hasResult = shape.name !== 'Unit';
    const content = encodeContent(shape, output);
    const result = hasResult ? `<${name}Result>${content}</${name}Result>` : '';
    const metadata = `<ResponseMetadata>${requestIdElement(requestId)}</ResponseMetadata>`;
    const xmlns = ` xmlns="${model.xmlNamespace}"`;
    const xml = `<${name}Response${xmlns}>${result}${metadata}</${name}Response>`;
    return xmlReply(200, requestId, xml);
  },

  /** `Receiver` means that the fault is the service's. */
  encodeError({ xmlNamespace }, error, requestId) {
    const type = error.status >= 500 ? 'Receiver' : 'Sender';
    const code = `<Type>${type}</Type><Code>${escapeXml(error.code)}</Code>`;
    const message = `<Message>${escapeXml(error.message)}</Message>`;
    const xmlns = xmlNamespace === '' ? '' : ` xmlns="${xmlNamespace}"`;
    const content = `<Error>${code}${message}</Error>${requestIdElement(requestId)}`;
    return xmlReply(error.status, requestId, `<ErrorResponse${xmlns}>${content}</ErrorResponse>`);
  },
};

function requestIdElement(requestId: string): string {
  return `<RequestId>${escapeXml(requestId)}</RequestId>`;
}
