import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { timeReply } from './time-reply.ts';

const now = Date.UTC(2026, 10, 30, 12, 0, 0, 250);

/** A request of this version and mode, with a time of the client's own. */
function request(version: number, mode = 3): Uint8Array {
  const bytes = new Uint8Array(48);
  bytes[0] = (version << 3) | mode;
  bytes[2] = 6;
  bytes.set([1, 2, 3, 4, 5, 6, 7, 8], 40);
  return bytes;
}

const view = (reply: Uint8Array | undefined) => new DataView((reply ?? new Uint8Array()).buffer);

describe('the reply to a client', () => {
  const reply = view(timeReply(request(4), now));

  test('is of a server that is in sync, in the version of the request', () => {
    expect(reply.byteLength).toBe(48);
    expect(reply.getUint8(0)).toBe(0b00_100_100);
    expect(reply.getUint8(2)).toBe(6);
    expect(view(timeReply(request(3), now)).getUint8(0)).toBe(0b00_011_100);
  });

  test('has the time of the host where NTP has it', () => {
    // RFC 4330, section 3: 2,208,988,800 is 1970.
    for (const at of [16, 32, 40]) {
      expect(reply.getUint32(at)).toBe(now / 1000 - 0.25 + 2_208_988_800);
      expect(reply.getUint32(at + 4)).toBe(2 ** 30);
    }
  });

  test('repeats the time of the request, as clients ignore others', () => {
    expect(Array.from({ length: 8 }, (_, at) => reply.getUint8(24 + at))).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8,
    ]);
  });

  test('goes on after February 2036, when the seconds begin again', () => {
    const later = view(timeReply(request(4), Date.UTC(2036, 1, 7, 6, 28, 17)));
    expect(later.getUint32(40)).toBe(1);
  });
});

test('only clients get a reply, and a reply gets none', () => {
  const requests = fc
    .tuple(fc.nat(255), fc.uint8Array({ minLength: 40, maxLength: 60 }))
    .map(([first, rest]) => Uint8Array.of(first, ...rest));
  fc.assert(
    fc.property(requests, (bytes) => {
      const [version, mode] = [((bytes[0] ?? 0) >> 3) & 7, (bytes[0] ?? 0) & 7];
      const reply = timeReply(bytes, now);
      const isClient = bytes.length >= 48 && mode === 3 && version >= 1 && version <= 4;
      expect(reply !== undefined).toBe(isClient);
      if (reply) expect(timeReply(reply, now)).toBeUndefined();
    }),
  );
});

test.for([0, 1, 2, 4, 5, 6, 7])('mode %i gets no reply', (mode) => {
  expect(timeReply(request(4, mode), now)).toBeUndefined();
});
