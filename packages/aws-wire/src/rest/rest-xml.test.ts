import { expect, test } from 'vitest';
import { exampleModel, exampleRequest } from '../../test-support/example-model.ts';
import { restXml } from './rest-xml.ts';

const tag = (body: string) =>
  exampleRequest('restXml', { method: 'PUT', path: '/b/k', rawQuery: 'tag' }, body);
const post = (body: string) => exampleRequest('restXml', { path: '/things/new' }, body);

test('a payload is an element of the name that the member has', async () => {
  const xml =
    '<Parts xmlns="http://example.com/"><Id>1</Id><Inner><Id>&lt;2&#233;</Id></Inner></Parts>';
  expect(await tag(xml)).toEqual({
    operation: 'Tag',
    input: { Bucket: 'b', Key: 'k', Part: { Id: '1', Inner: { Id: '<2é' } } },
  });
  expect((await tag('')).input).toEqual({ Bucket: 'b', Key: 'k' });
});

test('lists and maps have elements, flattened ones repeat theirs', async () => {
  const xml = `<?xml version="1.0"?>
    <Put><Name>a b</Name><Words><member>x</member><member/></Words><Flat>p</Flat>
    <Labels><entry><key>k</key><value>v</value></entry></Labels><Flat>q</Flat>
    <Pin><key>m</key><value>n</value></Pin><Choice><Right>2</Right></Choice><!-- no --></Put>`;
  expect((await post(xml)).input).toEqual({
    Name: 'a b',
    Words: ['x', ''],
    Flat: ['p', 'q'],
    Labels: { k: 'v' },
    Pins: { m: 'n' },
    Choice: { Right: 2 },
  });
});

test.each([
  ['<Part><Id>1</Id></Part>', 'InvalidRequest', 'must be Parts'],
  ['<Parts><Id>1</Id>', 'InvalidRequest', 'well-formed'],
  ['<Parts><Id>1</Id></Parts><Parts/>', 'InvalidRequest', 'well-formed'],
  ['<Parts><Id>&nope;</Id></Parts>', 'InvalidRequest', 'well-formed'],
  ['<!DOCTYPE a [<!ENTITY b "c">]><Parts><Id>1</Id></Parts>', 'InvalidRequest', 'document type'],
  [`${'<Parts>'.repeat(100_000)}`, 'InvalidRequest', 'levels deep'],
  ['text', 'InvalidRequest', 'well-formed'],
  ['<Parts/>', 'MissingParameter', 'Parts.Id'],
  ['<Parts><Id>1</Id><Id>2</Id></Parts>', 'InvalidParameterValue', 'exactly once'],
  ['<Parts><Id><x/></Id></Parts>', 'UnknownParameter', 'x'],
  ['<Parts><Id>1</Id><Other/></Parts>', 'UnknownParameter', 'Other'],
])('the body %.40s is refused with %s', async (body, code, message) => {
  await expect(tag(body)).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message),
  });
});

test('bytes that are no UTF-8 are refused', async () => {
  const head = { method: 'PUT', path: '/b/k', rawQuery: 'tag' };
  const request = exampleRequest('restXml', head, Uint8Array.of(0x3c, 0xff));
  await expect(request).rejects.toMatchObject({ code: 'InvalidRequest' });
});

test('a response is an element in the namespace of the service', () => {
  const model = exampleModel('restXml');
  const operation = model.find('List') ?? expect.unreachable();
  const output = { Name: 'a&b', Words: ['x'], Labels: {} };
  expect(restXml.encode(model, operation, output, 'r-1')).toEqual({
    status: 200,
    headers: { 'content-type': 'application/xml', 'x-amzn-requestid': 'r-1' },
    body:
      '<?xml version="1.0" encoding="UTF-8"?>\n<Done xmlns="http://example.com/doc/">' +
      '<Name>a&amp;b</Name><Words><member>x</member></Words><Labels/></Done>',
  });
});

test('errors of S3 have no element around them and an id in a header of their own', () => {
  const error = { code: 'Gone', status: 410, message: 'x' };
  const inner = '<Error><Code>Gone</Code><Message>x</Message>';
  const of = (service: string) =>
    restXml.encodeError(exampleModel('restXml', service), error, 'r-1');
  expect(of('route53').body).toContain(
    `<ErrorResponse>${inner}</Error><RequestId>r-1</RequestId></ErrorResponse>`,
  );
  expect(of('s3').body).toContain(`\n${inner}<RequestId>r-1</RequestId></Error>`);
  expect(of('s3').headers).toMatchObject({ 'x-amz-request-id': 'r-1' });
});
