import { silentLogger } from '@bakehouse/base';
import { apiError } from '@bakehouse/domain';
import { MetadataStoreError } from '@bakehouse/metadata-sql';
import { expect, test } from 'vitest';
import { publicError } from './error-reply.ts';

test('a refusal is told as it is', () => {
  const refusal = apiError('Unavailable', { message: 'later' });
  expect(publicError(refusal, silentLogger)).toBe(refusal);
});

test('a full disk is told with its path, other faults of the store are not told', () => {
  const path = '/data/metadata.sqlite';
  const sqlite = (errcode: number) => Object.assign(new Error('sqlite'), { errcode });
  const full = new MetadataStoreError('cannot write', path, sqlite(13));
  expect(publicError(full, silentLogger)).toMatchObject({
    code: 'Unavailable',
    status: 503,
    message: expect.stringContaining(path),
  });
  const broken = new MetadataStoreError('cannot read', path, sqlite(10));
  const told = publicError(broken, silentLogger);
  expect(told.code).toBe('InternalError');
  expect(told.message).not.toContain(path);
});
