import { expect, test } from 'vitest';
import { exampleModel, exampleRequest } from '../../test-support/example-model.ts';
import { bytesOf } from '../../test-support/sdk-exchange.ts';
import { restJson1 } from './rest-json.ts';

test('members come from path, query, headers and body', async () => {
  const request = exampleRequest('restJson1', {
    method: 'GET',
    path: '/b/k/l',
    rawQuery: 'version=7&id=x&id=y&x-id=Read&X-Amz-Date=z',
    headers: {
      'if-modified-since': 'Sun, 06 Nov 1994 08:49:37 GMT',
      'x-tags': 'a, "b, c" ,d',
      'x-meta-one': '1',
      'x-other': 'ignored',
    },
  });
  expect(await request).toEqual({
    operation: 'Read',
    input: {
      Bucket: 'b',
      Key: 'k/l',
      Version: 7,
      Ids: ['x', 'y'],
      Since: new Date('1994-11-06T08:49:37Z'),
      Tags: ['a', 'b, c', 'd'],
      Meta: { one: '1' },
    },
  });
  const post = exampleRequest('restJson1', { path: '/things/new' }, '{"Name":"a","Size":2}');
  expect(await post).toEqual({ operation: 'Post', input: { Name: 'a', Size: 2 } });
});

test('a streamed body is handed on as a stream', async () => {
  const { input } = await exampleRequest('restJson1', { method: 'PUT', path: '/b/k' }, 'bytes');
  const body = 'Body' in input ? input.Body : expect.unreachable();
  expect((await bytesOf(body as AsyncIterable<Uint8Array>)).toString()).toBe('bytes');
});

test.each([
  ['GET', '/b/k', 'versoin=7', '', 'UnknownParameter', 'versoin'],
  ['GET', '/b/k', 'version=7&version=8', '', 'InvalidParameterValue', 'more than once'],
  ['GET', '/b/k', 'version=x', '', 'InvalidParameterValue', 'parameter Version'],
  ['PUT', '/b/k', 'x-id=Copy', '', 'MissingParameter', 'the parameter Source'],
  ['GET', '/b', '', 'x', 'InvalidRequest', 'no request body'],
  ['POST', '/things/new', '', '{"Size":1}', 'MissingParameter', 'the parameter Name'],
  ['POST', '/things/new', '', '{"Nam":1}', 'UnknownParameter', 'Nam'],
  ['PATCH', '/b', '', '', 'InvalidAction', 'PATCH /b'],
])('%s %s?%s with the body %j is refused', async (method, path, rawQuery, body, code, message) => {
  await expect(exampleRequest('restJson1', { method, path, rawQuery }, body)).rejects.toMatchObject(
    {
      code,
      message: expect.stringContaining(message),
    },
  );
});

test('a response is spread over status, headers and body', () => {
  const model = exampleModel('restJson1');
  const encode = (name: string, output: object) => {
    const operation = model.find(name) ?? expect.unreachable();
    return restJson1.encode(model, operation, output, 'r-1');
  };
  const body = new Uint8Array(2);
  const output = { Kind: 'k', Meta: { A: 'x' }, Status: 207, Body: body };
  expect(encode('Read', output)).toEqual({
    status: 207,
    headers: {
      'content-type': 'application/octet-stream',
      'x-kind': 'k',
      'x-meta-a': 'x',
      'x-amzn-requestid': 'r-1',
    },
    body,
  });
  expect(encode('Post', { Name: 'a' })).toMatchObject({ status: 201, body: '{"Name":"a"}' });
  expect(encode('Tag', {})).toEqual({
    status: 204,
    headers: { 'x-amzn-requestid': 'r-1' },
    body: '',
  });
});

test('an error has its type in a header and its message in the member that the model names', () => {
  const model = exampleModel('restJson1');
  const gone = { code: 'Gone', status: 410, message: 'x' };
  expect(restJson1.encodeError(model, gone, 'r-1')).toMatchObject({
    headers: { 'x-amzn-errortype': 'Gone' },
    body: '{"Message":"x"}',
  });
  const other = { ...gone, code: 'Other' };
  expect(restJson1.encodeError(model, other, 'r-1').body).toBe('{"message":"x"}');
});
