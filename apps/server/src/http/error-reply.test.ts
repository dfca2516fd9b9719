import { silentLogger } from '@bakehouse/base';
import { apiError } from '@bakehouse/domain';
import { MetadataStoreError } from '@bakehouse/record-store';
import { expect, test } from 'vitest';
import { publicError } from './error-reply.ts';

test('a refusal is reported as it is', () => {
  const refusal = apiError('Unavailable', { message: 'later' });
  expect(publicError(refusal, silentLogger)).toBe(refusal);
});

test('a full disk is reported with its path, other faults of the store without details', () => {
  const database = '/data/metadata.sqlite';
  const full = new MetadataStoreError('cannot write', { database, isDiskFull: true });
  expect(publicError(full, silentLogger)).toMatchObject({
    code: 'Unavailable',
    status: 503,
    message: expect.stringContaining(database),
  });
  const broken = new MetadataStoreError(`cannot read ${database}`, { database });
  const reported = publicError(broken, silentLogger);
  expect(reported.code).toBe('InternalError');
  expect(reported.message).not.toContain(database);
});
