import { decodeObject } from '../json/decode-json.ts';
import { encodeJson } from '../json/encode-json.ts';
import { parseJsonDocument } from '../json/parse-json.ts';
import type { Protocol } from '../protocol.ts';
import type { BodyCodec } from './decode-rest.ts';
import { type BodyEncoder, encodeRest } from './encode-rest.ts';
import { restOpener } from './open-rest.ts';

const contentType = 'application/json';

const codec: BodyCodec & BodyEncoder = {
  contentType,
  decode: (shape, body) => decodeObject(shape, parseJsonDocument(body)),
  decodePayload: (_, shape, body) => decodeObject(shape, parseJsonDocument(body)),
  encodeBody: ({ output: shape }, output) => encodeJson(shape, output),
  encodePayload: ({ shape }, value) => (shape.kind === 'structure' ? encodeJson(shape, value) : ''),
};

/** REST with JSON bodies: EBS direct, the recycle bin and many others. */
export const restJson1: Protocol = {
  open: restOpener(codec),

  encode(_, operation, output, requestId) {
    return encodeRest(operation, output, { 'x-amzn-requestid': requestId }, codec);
  },

  /** Services spell the member of the message with a small or a capital letter. */
  encodeError(service, error, requestId) {
    const declared = service.findError(error.code)?.shape;
    const name = declared?.memberByName('Message') === undefined ? 'message' : 'Message';
    return {
      status: error.status,
      headers: {
        'content-type': contentType,
        'x-amzn-errortype': error.code,
        'x-amzn-requestid': requestId,
      },
      body: JSON.stringify({ [name]: error.message }),
    };
  },
};
