import fc from 'fast-check';
import { expect, test } from 'vitest';
import { commandType } from '../codec/constants.ts';
import { encodeRequest, type NbdRequest } from '../codec/request.ts';
import { NbdProtocolError } from '../errors.ts';
import { inPieces, pieceLengths } from '../testing/in-pieces.ts';
import { RequestParser } from './request-parser.ts';

const requests = fc.array(
  fc.record({
    flags: fc.constant(0),
    type: fc.constantFrom(...Object.values(commandType)),
    cookie: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    offset: fc.maxSafeNat(),
    lengthBytes: fc.nat({ max: 200 }),
  }),
);

function wireBytes(request: NbdRequest): Buffer {
  const payloadBytes = request.type === commandType.write ? request.lengthBytes : 0;
  const bytes = Buffer.alloc(28 + payloadBytes, 0x25);
  encodeRequest(request, bytes);
  return bytes;
}

test('requests come out as they went in, whatever the pieces, and data of writes is left out', () => {
  fc.assert(
    fc.property(requests, pieceLengths, fc.boolean(), (sent, lengths, lazily) => {
      const parser = new RequestParser();
      const parsed: NbdRequest[] = [];
      for (const piece of inPieces(Buffer.concat(sent.map(wireBytes)), lengths)) {
        parser.feed(piece);
        // A reader that is held up takes one request at a time, or none for a while.
        for (let next = parser.next(); next !== undefined; ) {
          parsed.push(next);
          next = lazily ? undefined : parser.next();
        }
      }
      for (let next = parser.next(); next !== undefined; next = parser.next()) parsed.push(next);
      expect(parsed).toEqual(sent);
    }),
  );
});

test('a write comes out when its whole payload has come, and holds none of it', () => {
  const parser = new RequestParser();
  const bytes = wireBytes({
    flags: 0,
    type: commandType.write,
    cookie: 1n,
    offset: 0,
    lengthBytes: 100,
  });
  parser.feed(bytes.subarray(0, 127));
  expect(parser.next()).toBeUndefined();
  expect(parser.next()).toBeUndefined();
  parser.feed(bytes.subarray(127));
  expect(parser.next()).toMatchObject({ type: commandType.write, lengthBytes: 100 });
  expect(parser.next()).toBeUndefined();
});

test('bytes that are no request are a protocol error', () => {
  const parser = new RequestParser();
  parser.feed(Buffer.alloc(28, 7));
  expect(() => parser.next()).toThrow(NbdProtocolError);
});
