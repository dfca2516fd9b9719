import type { InstanceMetadata } from '@bakehouse/domain';
import { someMetadata } from '@bakehouse/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { answerRequest } from './answer-request.ts';
import { pathNames } from './request-path.ts';

const identity = { document: '{}', pkcs7: 'p', rsa2048: 'r', signature: 's' };
const tokenKey = new Uint8Array(32).fill(7);
const ttlHeader = 'x-aws-ec2-metadata-token-ttl-seconds';

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly given?: Partial<InstanceMetadata>;
  readonly nowMs?: number;
}

function ask(target: string, { method = 'GET', headers = {}, given = {}, nowMs = 0 }: Asked = {}) {
  const metadata = someMetadata({ httpTokens: 'required', ...given });
  const request = { method, target, header: (name: string) => headers[name] };
  return answerRequest({ metadata, identity }, request, { tokenKey, nowMs });
}

const askToken = (ttl: string, asked: Asked = {}) =>
  ask('/latest/api/token', { ...asked, method: 'PUT', headers: { [ttlHeader]: ttl } });

describe('a token', () => {
  test('grants access until it expires', () => {
    const { body, headers } = askToken('60');
    expect(headers).toEqual({ [ttlHeader]: '60' });
    const withToken = { 'x-aws-ec2-metadata-token': String(body) };
    const at = (nowMs: number) => ask('/latest/meta-data/ami-id', { headers: withToken, nowMs });
    expect(ask('/latest/meta-data/ami-id').status).toBe(401);
    expect(at(0)).toMatchObject({ status: 200, headers: { [ttlHeader]: '60' } });
    expect(at(59_001)).toMatchObject({ status: 200, headers: { [ttlHeader]: '1' } });
    expect(at(60_000).status).toBe(401);
  });

  test.each(['', '0', '21601', '-1', '1.5', '60s', '0x10', '99999999999', ' ', '６０'])(
    'with a lifetime of %j is a bad request',
    (ttl) => {
      expect(askToken(ttl).status).toBe(400);
    },
  );

  test.each(['1', '21600', '00060'])('with a lifetime of %s is given', (ttl) => {
    expect(askToken(ttl).status).toBe(200);
  });

  test('that is wrong is refused even when none is needed', () => {
    const headers = { 'x-aws-ec2-metadata-token': 'wrong' };
    const given = { httpTokens: 'optional' } as const;
    expect(ask('/latest/meta-data/', { given }).status).toBe(200);
    expect(ask('/latest/meta-data/', { given, headers }).status).toBe(401);
  });
});

test('doubled slashes are served as single ones, for tokens, too', () => {
  const headers = { [ttlHeader]: '60' };
  const token = String(ask('//latest//api//token', { method: 'PUT', headers }).body);
  const withToken = { headers: { 'x-aws-ec2-metadata-token': token } };
  for (const target of ['/latest//meta-data/ami-id', '//latest/meta-data//ami-id']) {
    expect(ask(target, withToken)).toEqual(ask('/latest/meta-data/ami-id', withToken));
    expect(ask(target, withToken).status).toBe(200);
    expect(ask(target).status).toBe(401);
  }
  expect(ask('/latest//api/token', { method: 'GET' }).status).toBe(405);
});

describe('methods', () => {
  test.each([
    ['PUT', '/latest/api/token', 400],
    ['PUT', '/latest/api/token/', 400],
    ['PUT', '/2021-03-23/api/token', 403],
    ['PUT', '/2021-03-24/api/token', 404],
    ['PUT', '/latest/meta-data/ami-id', 405],
    ['PUT', '/latest/user-data', 405],
    ['GET', '/latest/api/token', 405],
    ['POST', '/latest/api/token', 405],
    ['GET', '/latest/api', 401],
    ['DELETE', '/latest/meta-data/', 405],
    ['get', '/latest/meta-data/', 405],
  ])('%s %s gets %i', (method, target, status) => {
    expect(ask(target, { method }).status).toBe(status);
  });

  test('that are not allowed get a list of those that are', () => {
    expect(ask('/latest/api/token').headers).toEqual({ allow: 'PUT' });
    expect(ask('/latest/', { method: 'POST' }).headers).toEqual({ allow: 'GET, HEAD' });
  });
});

test('a disabled endpoint forbids everything', () => {
  const given = { httpEndpoint: 'disabled', httpTokens: 'optional' } as const;
  for (const target of ['/', '/latest/meta-data/', '/..', '/latest/user-data']) {
    expect(ask(target, { given }).status).toBe(403);
  }
  expect(askToken('60', { given }).status).toBe(403);
});

describe('paths', () => {
  test.each([
    '/latest/../latest/meta-data/ami-id',
    '/latest/./meta-data',
    '/latest/%2e%2e/x',
    '/latest/meta-data%2fami-id',
    '/latest/meta-data%5C..',
    '/latest\\meta-data',
    '/latest/%00',
    '/latest/a%0d%0aX: y',
    '/%ff',
    '/%',
    '*',
    '',
    'latest/meta-data',
    'https://169.254.169.254/latest',
    'ftp://x/latest',
    `/${'a/'.repeat(600)}`,
    '/latest//../meta-data',
    '//..//latest',
    '/latest/%2f/meta-data',
  ])('that play tricks are bad requests: %j', (target) => {
    expect(ask(target).status).toBe(400);
  });

  test.each([
    ['/latest/meta-data/?a=/../b', ['latest', 'meta-data']],
    ['http://anything.example:99/latest/meta-data', ['latest', 'meta-data']],
    ['http://anything.example', undefined],
    ['/', []],
    ['//', []],
    ['/latest//meta-data/', ['latest', 'meta-data']],
    ['//latest///meta-data//ami-id', ['latest', 'meta-data', 'ami-id']],
    ['http://169.254.169.254//latest//meta-data', ['latest', 'meta-data']],
    ['/latest/meta-data/tags/instance/a%20b', ['latest', 'meta-data', 'tags', 'instance', 'a b']],
  ])('%j is read as %j', (target, names) => {
    expect(pathNames(target)).toEqual(names);
  });

  test('only ever contain plain names', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (path) => {
        const names = pathNames(`/${path}`) ?? [];
        expect(names.filter((name) => /^\.{0,2}$|[/\\\0\r\n]/.test(name))).toEqual([]);
      }),
    );
  });

  test('of any kind get a proper reply', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.webPath(), (text, path) => {
        for (const target of [text, path, `/latest/meta-data/${text}`, `/latest${path}`]) {
          const { status } = ask(target, { given: { httpTokens: 'optional' } });
          expect([200, 400, 404, 405]).toContain(status);
        }
      }),
    );
  });
});
