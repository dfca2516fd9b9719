import { MetadataStoreError } from '@bakehouse/record-store';
import { expect, test } from 'vitest';
import { isNoSpace } from './no-space.ts';

const withFields = (fields: object) => Object.assign(new Error('no'), fields);

test.each([
  withFields({ code: 'ENOSPC' }),
  withFields({ errcode: 13 }),
  new Error('cannot write', { cause: withFields({ code: 'ENOSPC' }) }),
  new MetadataStoreError('cannot write', { database: '/data', isDiskFull: true }),
])('a full disk is recognized by its error: %o', (error) => {
  expect(isNoSpace(error)).toBe(true);
});

test.each([withFields({ code: 'EACCES' }), withFields({ errcode: 10 }), 'ENOSPC', undefined])(
  'other errors are not: %o',
  (error) => {
    expect(isNoSpace(error)).toBe(false);
  },
);
