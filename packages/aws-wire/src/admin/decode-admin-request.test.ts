import { expect, test } from 'vitest';
import { adminBodyBytesMax, decodeAdminRequest } from './decode-admin-request.ts';

function decoded(body: string | Uint8Array, target = 'Bakehouse.BuildImage') {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  return decodeAdminRequest({ headers: { 'x-amz-target': target }, body: bytes });
}

test('the operation is in the target and its input in the body', () => {
  expect(decoded('{"Name":"a","Steps":[1,null,{"b":true}]}')).toEqual({
    operation: 'BuildImage',
    input: { Name: 'a', Steps: [1, null, { b: true }] },
  });
  expect(decoded('')).toEqual({ operation: 'BuildImage', input: {} });
});

test.each(['[]', 'null', '1', '"a"', '{', '{"a":}', '\u0000', '{"a":1}x'])(
  'the body %j is refused',
  (body) => {
    expect(() => decoded(body)).toThrow(expect.objectContaining({ code: 'InvalidRequest' }));
  },
);

test('bytes that are no UTF-8 are refused', () => {
  const body = Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d);
  expect(() => decoded(body)).toThrow(expect.objectContaining({ code: 'InvalidRequest' }));
});

test.each([
  'Other.BuildImage',
  'Bakehouse.',
  'Bakehouse.build',
  'Bakehouse.A.B',
  'Bakehouse.__proto__',
])('the target %s is no operation', (target) => {
  expect(() => decoded('{}', target)).toThrow(expect.objectContaining({ code: 'InvalidAction' }));
});

test('a request without a target has no action', () => {
  const request = { headers: {}, body: new Uint8Array() };
  expect(() => decodeAdminRequest(request)).toThrow(
    expect.objectContaining({ code: 'MissingAction' }),
  );
});

test('size and depth are bounded', () => {
  expect(() => decoded(new Uint8Array(adminBodyBytesMax + 1))).toThrow(
    expect.objectContaining({ code: 'RequestEntityTooLarge' }),
  );
  const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
  expect(decoded(nested(32)).operation).toBe('BuildImage');
  for (const levels of [33, 100_000]) {
    expect(() => decoded(nested(levels))).toThrow(
      expect.objectContaining({ code: 'InvalidRequest' }),
    );
  }
});

test('a body cannot name a prototype', () => {
  const { input } = decoded('{"__proto__":{"polluted":true},"a":{"__proto__":1,"b":2}}');
  expect(Object.keys(input)).toEqual(['a']);
  expect(Object.assign({}, input)).toEqual({ a: { b: 2 } });
});
