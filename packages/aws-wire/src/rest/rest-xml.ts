import { apiError } from '@bakehouse/domain';
import type { Protocol } from '../protocol.ts';
import { decodeElement } from '../xml/decode-xml.ts';
import { encodeElement } from '../xml/encode-xml.ts';
import { escapeXml } from '../xml/escape-xml.ts';
import { readXml } from '../xml/read-xml.ts';
import { xmlDeclaration } from '../xml/xml-reply.ts';
import type { BodyCodec } from './decode-rest.ts';
import { type BodyEncoder, encodeRest } from './encode-rest.ts';
import { restOpener } from './open-rest.ts';

const contentType = 'application/xml';

const codec: BodyCodec = {
  contentType,
  decode: (shape, body) => {
    if (body.byteLength === 0) return {};
    return decodeElement(shape, readXml(body));
  },
  decodePayload(member, shape, body) {
    const root = readXml(body);
    if (root.name === member.xmlName) return decodeElement(shape, root);
    const message = `The root element of the request body must be ${member.xmlName}.`;
    throw apiError('InvalidRequest', { message });
  },
};

function encoder(namespace: string): BodyEncoder {
  return {
    contentType,
    encodeBody: ({ output: shape }, output) =>
      `${xmlDeclaration}${encodeElement(shape.xmlName, shape, output, namespace)}`,
    encodePayload({ shape, xmlName }, value) {
      if (shape.kind !== 'structure') return '';
      return `${xmlDeclaration}${encodeElement(xmlName, shape, value, namespace)}`;
    },
  };
}

/** REST with XML bodies: S3 and a few others. S3's errors have no element around them. */
export const restXml: Protocol = {
  open: restOpener(codec),

  encode(model, operation, output, requestId) {
    const { service, xmlNamespace } = model;
    return encodeRest(
      operation,
      output,
      requestIdHeader(service, requestId),
      encoder(xmlNamespace),
    );
  },

  encodeError({ service }, error, requestId) {
    const code = `<Code>${escapeXml(error.code)}</Code>`;
    const message = `<Message>${escapeXml(error.message)}</Message>`;
    const id = `<RequestId>${escapeXml(requestId)}</RequestId>`;
    const xml =
      service === 's3'
        ? `<Error>${code}${message}${id}</Error>`
        : `<ErrorResponse><Error>${code}${message}</Error>${id}</ErrorResponse>`;
    return {
      status: error.status,
      headers: {
        'content-type': contentType,
        ...requestIdHeader(service, requestId),
      },
      body: `${xmlDeclaration}${xml}`,
    };
  },
};

function requestIdHeader(service: string, requestId: string): Record<string, string> {
  return service === 's3'
    ? { 'x-amz-request-id': requestId, 'x-amz-id-2': requestId }
    : { 'x-amzn-requestid': requestId };
}
