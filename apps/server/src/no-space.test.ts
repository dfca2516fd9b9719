import { MetadataStoreError } from '@bakehouse/metadata-sql';
import { expect, test } from 'vitest';
import { isNoSpace } from './no-space.ts';

const withFields = (fields: object) => Object.assign(new Error('no'), fields);

test.each([
  withFields({ code: 'ENOSPC' }),
  withFields({ errcode: 13 }),
  new Error('cannot write', { cause: withFields({ code: 'ENOSPC' }) }),
  new MetadataStoreError('cannot write', '/data', withFields({ errcode: 13 })),
])('a full disk is known by its error: %o', (error) => {
  expect(isNoSpace(error)).toBe(true);
});

test.each([withFields({ code: 'EACCES' }), withFields({ errcode: 10 }), 'ENOSPC', undefined])(
  'other faults are none: %o',
  (error) => {
    expect(isNoSpace(error)).toBe(false);
  },
);
