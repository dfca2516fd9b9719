import { MapMissingError } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { ChunkDamagedError, StoreFullError } from '../store-errors.ts';
import { BlockServerError, decodeError, encodeError } from './carried-error.ts';

const sent = (error: unknown) => decodeError(JSON.parse(JSON.stringify(encodeError(error))));

test.each([
  new StoreFullError('/store/segments/1.seg', { cause: new Error('ENOSPC') }),
  new ChunkDamagedError({ chunkId: 'ab', segment: '1.seg', offset: 7 }, 'bad'),
  new MapMissingError('map-1'),
])('$name keeps class, words and fields on its way', (error) => {
  const received = sent(error);
  expect(received).toBeInstanceOf(error.constructor);
  expect(received.message).toBe(error.message);
  expect({ ...received }).toEqual({});
  expect(encodeError(error).fields).toEqual(
    Object.fromEntries(
      Object.keys(encodeError(error).fields).map((key) => [key, Reflect.get(received, key)]),
    ),
  );
});

test('an error of another class arrives as the server’s, with its words', () => {
  const received = sent(new TypeError('no such source'));
  expect(received).toBeInstanceOf(BlockServerError);
  expect(received.message).toBe('TypeError: no such source');
  expect(sent({ name: 'constructor' })).toBeInstanceOf(BlockServerError);
});
