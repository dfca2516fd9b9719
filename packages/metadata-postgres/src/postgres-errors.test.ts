import { MetadataStoreError } from '@bakehouse/record-store';
import { DatabaseError } from 'pg';
import { expect, test } from 'vitest';
import {
  asLoginRefused,
  asLostOrRefused,
  ConnectionLost,
  canPass,
  canPassAtStart,
  databaseError,
} from './postgres-errors.ts';

function refusal(code: string): DatabaseError {
  const error = new DatabaseError('the server says no', 0, 'error');
  error.code = code;
  return error;
}

test.each([
  '25006',
  '53300',
  '53100',
  '55000',
  '57P03',
  '57014',
  '58030',
  '40001',
  '08006',
  'XX000',
])('what the server refuses with %s can pass', (code) => {
  expect(canPass(refusal(code))).toBe(true);
  expect(databaseError('read', 'db', refusal(code))).toMatchObject({ isUnavailable: true });
});

test.each(['28P01', '28000', '3D000', '3F000', '42501', '42P01', '22012', '23505', '0A000'])(
  'what the server refuses with %s stays refused',
  (code) => {
    expect(canPass(refusal(code))).toBe(false);
    expect(databaseError('read', 'db', refusal(code))).toMatchObject({ isUnavailable: false });
  },
);

test('a lost connection can pass, whatever its cause; other errors cannot', () => {
  expect(canPass(new ConnectionLost('lost', { cause: refusal('57P01') }))).toBe(true);
  expect(canPass(new MetadataStoreError('newer schema', { database: 'db' }))).toBe(false);
  expect(canPass(new TypeError('a bug'))).toBe(false);
});

test.each(['CUT_OFF', 'TIMED_OUT', 'NO_SESSION'] as const)(
  'a first connection that is lost by %s waits for the database',
  (code) => {
    const driversWords = asLostOrRefused(new Error('only words'), code);
    for (const error of [driversWords, new ConnectionLost('lost', { code })])
      expect(canPassAtStart(error)).toBe(true);
  },
);

test.each(['NO_TLS', 'NOT_POSTGRES'] as const)(
  'a first connection that is lost by %s is for a person to correct',
  (code) => {
    const error = new ConnectionLost('lost', { code, cause: systemError('ECONNRESET') });
    expect(canPassAtStart(error)).toBe(false);
    expect(databaseError('reach', 'db', error)).toMatchObject({
      message: expect.stringMatching(/\((?:NO_TLS|NOT_POSTGRES)\); .*URL/),
    });
  },
);

test("bytes that the driver cannot read, which it reports as the server's error, lose the connection", () => {
  expect(asLostOrRefused(new DatabaseError('received invalid response: 4a', 10, 'error'))).toEqual(
    expect.any(ConnectionLost),
  );
});

test("the system's and the server's codes count before what is known of the connection", () => {
  expect(asLostOrRefused(systemError('ENOTFOUND'), 'CUT_OFF')).toMatchObject({ code: 'ENOTFOUND' });
  expect(asLostOrRefused(refusal('57P01'), 'CUT_OFF')).toMatchObject({ code: '57P01' });
  expect(asLostOrRefused(refusal('25006'), 'CUT_OFF')).toMatchObject({ name: 'error' });
});

function systemError(code?: string): Error {
  return Object.assign(new Error('lost'), code ? { code } : {});
}

const lost = (code?: string) => new ConnectionLost('lost', { cause: systemError(code) });

test.each(['ECONNREFUSED', 'ENOENT', 'EHOSTUNREACH', 'EAI_AGAIN', 'EAGAIN', '57P01'])(
  'a first connection that ends with %s waits for the database',
  (code) => expect(canPassAtStart(lost(code))).toBe(true),
);

test.each([undefined, 'ENOTFOUND', 'EACCES', 'CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID'])(
  'a first connection that ends with %s is a mistake in the URL or the settings',
  (code) => {
    expect(canPassAtStart(lost(code))).toBe(false);
    expect(canPass(lost(code))).toBe(true);
  },
);

test('what the server refuses is the same at the start as later', () => {
  for (const code of ['25006', '53300', '57P03', '28P01', '3D000'])
    expect(canPassAtStart(refusal(code))).toBe(canPass(refusal(code)));
});

test.each([
  ['InitializeSessionUserId', /as me: .*\(28000\); there is no role .*createuser/],
  ['auth_failed', /as me: .*\(28000\); its pg_hba.conf asks for another proof, .*peer/],
  ['ProcessStartupPacket', /as me: .*\(28000\); name a user in the URL/],
  ['ClientAuthentication', /as me: .*\(28000\); the server does not accept this user from here/],
  [undefined, /as me: .*\(28000\); the server does not accept this user from here/],
])('a login that %s refuses has a way out of its own, and the user', (routine, message) => {
  const refused = asLoginRefused(Object.assign(refusal('28000'), { routine }), 'me');
  expect(canPass(refused)).toBe(false);
  expect(databaseError('connect to', 'db', refused)).toMatchObject({
    message: expect.stringMatching(message),
  });
});

test('what is no refusal of a login stays as it is', () => {
  for (const error of [refusal('3D000'), new ConnectionLost('lost', {})])
    expect(asLoginRefused(error, 'me')).toBe(error);
});
