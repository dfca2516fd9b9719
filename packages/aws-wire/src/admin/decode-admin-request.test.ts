import { expect, test } from 'vitest';
import { decodeAdminRequest } from './decode-admin-request.ts';

function decoded(body: string | Uint8Array, target = 'Bakehouse_2.AccountCreate') {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  return decodeAdminRequest({ headers: { 'x-amz-target': target }, body: bytes });
}

const refused = (code: string) => expect.objectContaining({ name: 'ApiError', code });

test('the call is in the target and its input in the body', () => {
  expect(decoded('{"name":"a"}')).toEqual({ name: 'AccountCreate', input: { name: 'a' } });
  expect(decoded('')).toEqual({ name: 'AccountCreate', input: {} });
});

test.each(['[]', 'null', '1', '"a"', '{', '{"a":}', '\u0000', '{"a":1}x'])(
  'the body %j is refused',
  (body) => {
    expect(() => decoded(body)).toThrow(refused('InvalidRequest'));
  },
);

test('bytes that are no UTF-8 are refused', () => {
  const body = Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d);
  expect(() => decoded(body)).toThrow(refused('InvalidRequest'));
});

test.each([
  ['{"accountId":"12"}', 'AccountCreate', 'InvalidParameterValue'],
  ['{"nome":"a"}', 'AccountCreate', 'UnknownParameter'],
  ['{}', 'WorkflowDrop', 'MissingParameter'],
  ['{"workflowId":"i-1"}', 'WorkflowDrop', 'InvalidParameterValue'],
])('the input %s of %s is refused: %s', (body, name, code) => {
  expect(() => decoded(body, `Bakehouse_2.${name}`)).toThrow(refused(code));
});

test.each([
  'Other.Prune',
  'Bakehouse_2.',
  'Bakehouse_2.prune',
  'Bakehouse_2.A.B',
  'Bakehouse_2.__proto__',
  'Bakehouse_2.Pruned',
  'Bakehouse_2.toString',
])('the target %s is no call', (target) => {
  expect(() => decoded('{}', target)).toThrow(refused('InvalidAction'));
});

test.each(['Bakehouse.Prune', 'Bakehouse_1.Prune', 'Bakehouse_3.Prune', 'Bakehouse_3.Later'])(
  'the target %s is of another version',
  (target) => {
    expect(() => decoded('{}', target)).toThrow(refused('UnsupportedOperation'));
    expect(() => decoded('{}', target)).toThrow("release ('bakehouse status' shows it)");
  },
);

test('a request without a target has no action', () => {
  const request = { headers: {}, body: new Uint8Array() };
  expect(() => decodeAdminRequest(request)).toThrow(refused('MissingAction'));
});

test('depth is bounded', () => {
  for (const levels of [33, 100_000]) {
    const nested = `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
    expect(() => decoded(nested)).toThrow(refused('InvalidRequest'));
  }
});

test('a body cannot name a prototype', () => {
  const { input } = decoded('{"__proto__":{"polluted":true},"name":"a"}');
  expect(Object.keys(input)).toEqual(['name']);
});
