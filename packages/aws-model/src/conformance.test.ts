import { expect, test } from 'vitest';
import { nonconformities } from './conformance.ts';
import { type ModelData, serviceModel } from './service-model.ts';

const data: ModelData = {
  service: 'test',
  protocol: 'restJson1',
  version: '1',
  xmlNamespace: '',
  target: '',
  operations: { Run: 'Input Input GET / 200' },
  others: '',
  errors: {},
  shapes: {
    Input: '{Name:s!,Count:i,Share:n,On:b,At:t,Bytes:x,Body:y,State:State,Tags:Tags,Either:Either',
    State: '<on|off',
    Tags: '(s=Marks',
    Marks: '[State',
    Either: '}Left:s,Right:s',
  },
};
const shape = serviceModel(data).find('Run')?.input ?? expect.unreachable();

test('a value of the shape has nothing against it, and absent members may be undefined', () => {
  const value = {
    Name: '',
    Count: 3,
    Share: 0.5,
    On: false,
    At: new Date(0),
    Bytes: new Uint8Array(),
    Body: new Uint8Array(),
    State: 'on',
    Tags: { a: ['on', 'off'], b: [] },
    Either: { Left: 'x', Right: undefined },
  };
  expect(nonconformities(shape, value)).toEqual([]);
  expect(nonconformities(shape, { Name: 'x', Count: undefined })).toEqual([]);
});

test.each<[object, string]>([
  [{}, 'Name is required and missing'],
  [{ Name: 'x', Nome: 1 }, 'Nome is not in the model'],
  [{ Name: 1 }, 'Name is not of kind string: 1'],
  [{ Name: 'x', Count: 1.5 }, 'Count is not of kind integer: 1.5'],
  [{ Name: 'x', Share: Number.NaN }, 'Share is not of kind number: NaN'],
  [{ Name: 'x', On: 'true' }, 'On is not of kind boolean: true'],
  [{ Name: 'x', At: new Date(Number.NaN) }, 'At is not of kind timestamp: Invalid Date'],
  [{ Name: 'x', Bytes: 'eA==' }, 'Bytes is not of kind blob: eA=='],
  [{ Name: 'x', Body: 'x' }, 'Body is neither bytes nor a stream of them'],
  [{ Name: 'x', State: 'On' }, 'State has a value that its enum lacks: On'],
  [{ Name: 'x', Tags: { a: ['on', 'up'] } }, 'Tags[a][1] has a value that its enum lacks: up'],
  [{ Name: 'x', Tags: [] }, 'Tags is not an object'],
  [{ Name: 'x', Tags: { a: 'on' } }, 'Tags[a] is not an array'],
  [{ Name: 'x', Either: {} }, 'Either has not exactly one member'],
  [{ Name: 'x', Either: new Date(0) }, 'Either is not an object'],
])('%o: %s', (value, problem) => {
  expect(nonconformities(shape, value)).toContain(problem);
});

test('the number of problems is bounded', () => {
  const tags = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [i, 1]));
  expect(nonconformities(shape, { Name: 'x', Tags: tags }).length).toBeLessThan(30);
});
