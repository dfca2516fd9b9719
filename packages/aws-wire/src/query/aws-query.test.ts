import { expect, test } from 'vitest';
import { exampleModel, exampleRequest } from '../../test-support/example-model.ts';
import { awsQuery } from './aws-query.ts';

const put = (parameters: string) =>
  exampleRequest('awsQuery', {}, `Action=Put&Version=2020-01-01&${parameters}`);

test('lists count their members, maps their entries, and flattened ones neither', async () => {
  const parameters = [
    'Name=a',
    'Words.member.2=y&Words.member.1=x',
    'Flat.1=p&Flat.2=q',
    'Labels.entry.1.key=k&Labels.entry.1.value=v&Labels.entry.2.key=l&Labels.entry.2.value=',
    'Pin.1.key=m&Pin.1.value=n',
    'Part.Id=1&Part.Inner.Id=2',
    'Choice.Left=c',
  ];
  expect(await put(parameters.join('&'))).toEqual({
    operation: 'Put',
    input: {
      Name: 'a',
      Words: ['x', 'y'],
      Flat: ['p', 'q'],
      Labels: { k: 'v', l: '' },
      Pins: { m: 'n' },
      Part: { Id: '1', Inner: { Id: '2' } },
      Choice: { Left: 'c' },
    },
  });
});

test('a bare name is an empty list', async () => {
  expect((await put('Name=a&Words=')).input).toEqual({ Name: 'a', Words: [] });
});

test.each([
  ['', 'MissingParameter', 'Name'],
  ['Name=a&Words.1=x', 'UnknownParameter', 'Words.1'],
  ['Name=a&Words.item.1=x', 'UnknownParameter', 'Words.item.1'],
  ['Name=a&Words=x', 'UnknownParameter', 'Words'],
  ['Name=a&Flat.member.1=x', 'UnknownParameter', 'Flat.member.1'],
  ['Name=a&Labels.1.key=k&Labels.1.value=v', 'UnknownParameter', 'Labels.1.key'],
  ['Name=a&Labels.entry.1.key=k', 'MissingParameter', 'Labels.entry.1.value'],
  ['Name=a&Labels.entry.1.value=v', 'MissingParameter', 'Labels.entry.1.key'],
  [
    'Name=a&Labels.entry.1.key=k&Labels.entry.1.value=v&Labels.entry.1.x=y',
    'UnknownParameter',
    'Labels.entry.1.x',
  ],
  ['Name=a&Choice.Left=a&Choice.Right=1', 'InvalidParameterCombination', 'Choice'],
  ['Name=a&State=ON&Secret=hunter2!', 'InvalidParameterValue', 'Value for parameter Secret'],
])('%s is refused with %s', async (parameters, code, message) => {
  await expect(put(parameters)).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message),
  });
});

test('words are taken as they are: only EC2 compares without case', async () => {
  expect((await put('Name=a&State=ON')).input).toEqual({ Name: 'a', State: 'ON' });
});

test('an operation of the service without shapes is known, others are not', async () => {
  const model = exampleModel('awsQuery');
  const open = (action: string) => {
    const rawQuery = `Action=${action}&Version=2020-01-01`;
    const head = { method: 'GET', path: '/', rawQuery, headers: {} };
    const body = { bytes: async () => new Uint8Array(), async *stream() {} };
    return awsQuery.open(model, head, body);
  };
  expect((await open('Later')).operation).toBe('Later');
  await expect(open('Never')).rejects.toMatchObject({ code: 'InvalidAction' });
});

test('a response has its result in an element and its request id after it', () => {
  const model = exampleModel('awsQuery');
  const operation = model.find('Put') ?? expect.unreachable();
  const output = { Words: ['a', '<'], Labels: { 'k&': 'v' }, At: new Date(0) };
  const words = '<Words><member>a</member><member>&lt;</member></Words>';
  const labels = '<Labels><entry><key>k&amp;</key><value>v</value></entry></Labels>';
  const result = `${words}${labels}<At>1970-01-01T00:00:00.000Z</At>`;
  expect(awsQuery.encode(model, operation, output, 'r-1').body).toBe(
    `<PutResponse xmlns="http://example.com/doc/"><PutResult>${result}</PutResult>` +
      '<ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></PutResponse>',
  );
});

test.each([
  [400, 'Sender'],
  [500, 'Receiver'],
])('an error of status %i is the fault of the %s', (status, type) => {
  const error = { code: 'Gone', status, message: 'a<b' };
  const reply = awsQuery.encodeError(exampleModel('awsQuery'), error, 'r-1');
  expect(reply.status).toBe(status);
  expect(reply.body).toBe(
    `<ErrorResponse xmlns="http://example.com/doc/"><Error><Type>${type}</Type><Code>Gone</Code>` +
      '<Message>a&lt;b</Message></Error><RequestId>r-1</RequestId></ErrorResponse>',
  );
});
