import { expect, test } from 'vitest';
import { exampleModel, exampleRequest } from '../../test-support/example-model.ts';
import { awsJson } from './aws-json.ts';

const headers = { 'x-amz-target': 'Example.Put' };
const put = (body: string | Uint8Array) => exampleRequest('awsJson1_1', { headers }, body);

test('the operation is in the target and its input in the body', async () => {
  const body = {
    Name: 'größe',
    Size: 1.5,
    Hot: false,
    At: 1769903999.25,
    Data: 'eA==',
    State: 'on',
    Words: ['a', ''],
    Labels: { a: 'b', '': 'c' },
    Part: { Id: '1', Inner: { Id: '2' } },
    Choice: { Right: 2 },
    Flat: null,
  };
  const { Flat: _, ...rest } = body;
  expect(await put(JSON.stringify(body))).toEqual({
    operation: 'Put',
    input: { ...rest, At: new Date('2026-01-31T23:59:59.250Z'), Data: Uint8Array.of(0x78) },
  });
});

test.each<[object, string, string]>([
  [{}, 'MissingParameter', 'the parameter Name'],
  [{ Name: null }, 'MissingParameter', 'the parameter Name'],
  [{ Name: 'a', Nome: 'b' }, 'UnknownParameter', 'The parameter Nome'],
  [{ Name: 'a', Part: { Id: '1', Id2: 1 } }, 'UnknownParameter', 'The parameter Part.Id2'],
  [{ Name: 'a', Part: { Inner: { Id: '1' } } }, 'MissingParameter', 'the parameter Part.Id'],
  [{ Name: 1 }, 'InvalidParameterValue', 'Expected a string'],
  [{ Name: 'a', Size: '1' }, 'InvalidParameterValue', 'parameter Size is invalid'],
  [{ Name: 'a', Hot: 'true' }, 'InvalidParameterValue', 'Expected true or false'],
  [{ Name: 'a', At: 'soon' }, 'InvalidParameterValue', 'Expected a time'],
  [{ Name: 'a', At: 1e300 }, 'InvalidParameterValue', 'Expected a time'],
  [{ Name: 'a', Data: '!' }, 'InvalidParameterValue', 'Expected base64-encoded bytes'],
  [{ Name: 'a', Words: 'b' }, 'InvalidParameterValue', 'Expected a list'],
  [{ Name: 'a', Words: ['b', 1] }, 'InvalidParameterValue', 'parameter Words[1]'],
  [{ Name: 'a', Labels: ['b'] }, 'InvalidParameterValue', 'Expected an object'],
  [{ Name: 'a', Labels: { b: 1 } }, 'InvalidParameterValue', 'parameter Labels.b'],
  [{ Name: 'a', Choice: {} }, 'InvalidParameterCombination', 'exactly one of Left, Right'],
  [{ Name: 'a', Choice: { Left: 'b', Right: 1 } }, 'InvalidParameterCombination', 'exactly one'],
])('%j is refused with %s', async (body, code, message) => {
  await expect(put(JSON.stringify(body))).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message),
  });
});

test.each(['[]', 'null', '1', '"a"', '{', '{"a":}', '\u0000', '{"Name":"a"}x'])(
  'the body %j is refused',
  async (body) => {
    await expect(put(body)).rejects.toMatchObject({ code: 'InvalidRequest' });
  },
);

test.each([undefined, 'Other.Put', 'Example.', 'Example.put', 'Example.__proto__', 'Put'])(
  'the target %s names no operation',
  async (target) => {
    const request = exampleRequest('awsJson1_1', { headers: { 'x-amz-target': target } }, '{}');
    const code = target === undefined ? 'MissingAction' : 'InvalidAction';
    await expect(request).rejects.toMatchObject({ code });
  },
);

test('a response is JSON in the version of the protocol', () => {
  const model = exampleModel('awsJson1_0');
  const operation = model.find('Put') ?? expect.unreachable();
  const output = { Name: 'a', At: new Date(1500), Words: [], Other: 1, Labels: { a: 'b' } };
  expect(awsJson('1.0').encode(model, operation, output, 'r-1')).toEqual({
    status: 200,
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': 'r-1' },
    body: '{"Name":"a","At":1.5,"Words":[],"Labels":{"a":"b"}}',
  });
});

test('an error names its type', () => {
  const error = { code: 'Gone', status: 410, message: 'no "x"' };
  expect(awsJson('1.1').encodeError(exampleModel('awsJson1_1'), error, 'r-1')).toMatchObject({
    status: 410,
    body: '{"__type":"Gone","message":"no \\"x\\""}',
  });
});
