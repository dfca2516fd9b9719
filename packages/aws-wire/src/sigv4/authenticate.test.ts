import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exampleCredentials, signedRequest } from '../../test-support/sdk-exchange.ts';
import { type SignedRequest, verifyRequest } from '../../test-support/verify-request.ts';
import { authenticate, claimedIdentity, type KnownKey } from './authenticate.ts';
import { signRequest } from './sign-request.ts';

const now = Date.parse('2026-01-31T12:00:00Z');
const minuteMs = 60_000;
const body = new TextEncoder().encode('Action=DescribeRegions&Version=2016-11-15');
const known: KnownKey = { secret: exampleCredentials.secretAccessKey, accountId: '123456789012' };

interface OwnRequest extends SignedRequest {
  readonly headers: Readonly<Record<string, string>>;
}

interface Changes {
  readonly service?: string;
  readonly sessionToken?: string;
  readonly signedAt?: number;
}

function signed(changes: Changes = {}): OwnRequest {
  const { service = 'ec2', sessionToken, signedAt = now } = changes;
  const url = new URL('http://127.0.0.1:4566/');
  const headers = signRequest(
    {
      method: 'POST',
      url,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body,
    },
    {
      credentials: { ...exampleCredentials, ...(sessionToken !== undefined && { sessionToken }) },
      region: 'eu-central-1',
      service,
      now: signedAt,
    },
  );
  const request = { method: 'POST', path: '/', rawQuery: '', body };
  return { ...request, headers: { ...headers, host: url.host } };
}

function verified(request: SignedRequest, key: KnownKey | undefined = known) {
  return verifyRequest(request, { now, findSecret: async () => key });
}

/** Replaces words in the Authorization header. */
function withAuthorization(from: string | RegExp, to: string): SignedRequest {
  const request = signed();
  const authorization = request.headers.authorization?.replace(from, to) ?? '';
  return { ...request, headers: { ...request.headers, authorization } };
}

test('who signed, and for what, is the answer', async () => {
  expect(await verified(signed())).toEqual({
    accessKeyId: exampleCredentials.accessKeyId,
    accountId: '123456789012',
    region: 'eu-central-1',
    service: 'ec2',
  });
});

test('any change to what is signed is noticed', async () => {
  const request = signed();
  const changed: SignedRequest[] = [
    { ...request, method: 'PUT' },
    { ...request, path: '/x' },
    { ...request, rawQuery: 'DryRun=true' },
    { ...request, headers: { ...request.headers, host: 'elsewhere' } },
    { ...request, headers: { ...request.headers, 'content-type': 'text/plain' } },
    { ...request, headers: { ...request.headers, 'x-amz-date': '20260131T120001Z' } },
    { ...request, body: new TextEncoder().encode('Action=TerminateInstances') },
    withAuthorization('eu-central-1', 'eu-central-2'),
    withAuthorization('/ec2/', '/sts/'),
    withAuthorization(/Signature=(.)(.{63})/, 'Signature=$2$1'),
  ];
  for (const one of changed) {
    await expect(verified(one)).rejects.toMatchObject({
      code: 'SignatureDoesNotMatch',
      status: 403,
    });
  }
});

test('another body is noticed even when its hash is not sent', async () => {
  const request = signed();
  const { 'x-amz-content-sha256': _, ...headers } = request.headers;
  const { authorization, ...plain } = headers;
  expect(authorization).toBeDefined();
  const resigned = { ...request, headers: { ...plain, authorization: handSigned(plain, body) } };
  expect(await verified(resigned)).toMatchObject({ service: 'ec2' });
  const swapped = { ...resigned, body: new TextEncoder().encode('Action=Evil') };
  await expect(verified(swapped)).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' });
});

/** Signature Version 4 in a few lines, written apart from the code under test. */
function handSigned(
  headers: Record<string, string>,
  payload: Uint8Array | 'UNSIGNED-PAYLOAD',
  service = 'ec2',
): string {
  const hash = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');
  const mac = (key: string | Buffer, text: string) =>
    createHmac('sha256', key).update(text).digest();
  const names = Object.keys(headers).sort();
  const lines = names.map((name) => `${name}:${headers[name]}\n`).join('');
  const canonical = `POST\n/\n\n${lines}\n${names.join(';')}\n${typeof payload === 'string' ? payload : hash(payload)}`;
  const scope = `20260131/eu-central-1/${service}/aws4_request`;
  const text = `AWS4-HMAC-SHA256\n20260131T120000Z\n${scope}\n${hash(canonical)}`;
  const key = scope
    .split('/')
    .reduce<string | Buffer>(mac, `AWS4${exampleCredentials.secretAccessKey}`);
  const signature = mac(key, text).toString('hex');
  return `AWS4-HMAC-SHA256 Credential=${exampleCredentials.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
}

test('the words of a mismatch say what should have been signed, without a session token', async () => {
  const request = signed({ sessionToken: 'secret-token' });
  const wrong = { ...known, secret: 'other', sessionToken: 'secret-token' };
  const error = await verified(request, wrong).catch((caught: unknown) => String(caught));
  expect(error).toContain('The Canonical String for this request should have been');
  expect(error).toContain('20260131/eu-central-1/ec2/aws4_request');
  expect(error).toContain('x-amz-security-token:(hidden)');
  expect(error).not.toContain('secret-token');
  expect(error).not.toContain('other');
});

test.each(['host', 'x-amz-date', 'x-amz-content-sha256'])(
  'a signature that does not cover %s is refused',
  async (name) => {
    const request = withAuthorization(new RegExp(`;${name}`), '');
    await expect(verified(request)).rejects.toMatchObject({
      code: 'SignatureDoesNotMatch',
      message: `'${name}' must be a 'SignedHeader' in the AWS Authorization.`,
    });
  },
);

test('an unsigned x-amz- header cannot be slipped in', async () => {
  const request = signed();
  const headers = { ...request.headers, 'x-amz-target': 'Bakehouse.Prune' };
  await expect(verified({ ...request, headers })).rejects.toMatchObject({
    code: 'SignatureDoesNotMatch',
    message: "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.",
  });
});

test('a header that is signed must be there', async () => {
  const request = withAuthorization('SignedHeaders=', 'SignedHeaders=absent;');
  await expect(verified(request)).rejects.toMatchObject({
    message: "The signed header 'absent' is not in the request.",
  });
});

test('a key that is not known is refused in the words of the service', async () => {
  await expect(
    verifyRequest(signed(), { now, findSecret: async () => undefined }),
  ).rejects.toMatchObject({
    code: 'AuthFailure',
    message: 'AWS was not able to validate the provided access credentials',
  });
  const sts = signed({ service: 'sts' });
  await expect(
    verifyRequest(sts, { now, findSecret: async () => undefined }),
  ).rejects.toMatchObject({
    code: 'InvalidClientTokenId',
  });
});

test('temporary credentials need their token, and others may have none', async () => {
  const temporary = { ...known, sessionToken: 'token' };
  expect(await verified(signed({ sessionToken: 'token' }), temporary)).toBeDefined();
  for (const [sessionToken, key] of [
    ['other', temporary],
    [undefined, temporary],
    ['token', known],
  ] as const) {
    const request = signed({ ...(sessionToken !== undefined && { sessionToken }) });
    await expect(verified(request, key)).rejects.toMatchObject({ code: 'AuthFailure' });
  }
});

test.each([-15, 15])('a clock that is off by %i minutes will do, and no more', async (minutes) => {
  const edge = minutes * minuteMs;
  expect(await verified(signed({ signedAt: now + edge }))).toBeDefined();
  const beyond = signed({ signedAt: now + edge + Math.sign(edge) * 1000 });
  await expect(verified(beyond)).rejects.toMatchObject({ code: 'RequestExpired', status: 400 });
});

test('the day of the scope is the day of the request', async () => {
  await expect(verified(withAuthorization('/20260131/', '/20260130/'))).rejects.toMatchObject({
    code: 'SignatureDoesNotMatch',
    message: expect.stringContaining("'20260130' != '20260131'"),
  });
});

test('a request without a signature is refused as that', async () => {
  const { authorization: _, ...headers } = signed().headers;
  const request = { ...signed(), headers };
  await expect(verified(request)).rejects.toMatchObject({ code: 'MissingAuthenticationToken' });
  const query = { ...request, rawQuery: 'Action=X&X-Amz-Date=20260131T120000Z' };
  await expect(verified(query)).rejects.toMatchObject({ code: 'MissingAuthenticationToken' });
});

test.each<[string | RegExp, string]>([
  ['AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256'],
  [/^.*$/, 'Bearer abc'],
  [/^.*$/, ''],
  [/^.*$/, 'AWS4-HMAC-SHA256'],
  ['Credential=', 'Credentials='],
  ['SignedHeaders=', 'Headers='],
  ['Signature=', 'Sig='],
  [/Signature=.*/, 'Signature='],
  [/Signature=.*/, 'Signature=abc'],
  ['/20260131/', '/2026-01-31/'],
  ['/ec2/', '/'],
  ['content-type;host', 'host;host'],
  ['content-type;host', 'Content-Type;host'],
  [
    /SignedHeaders=[^,]*/,
    `SignedHeaders=host;${Array.from({ length: 200 }, (_, i) => `h${i}`).join(';')}`,
  ],
])('an Authorization with %s for %s is incomplete', async (from, to) => {
  await expect(verified(withAuthorization(from, to))).rejects.toMatchObject({
    code: 'IncompleteSignature',
    status: 400,
  });
});

test('the terminator is checked', async () => {
  await expect(verified(withAuthorization('aws4_request', 'aws5_request'))).rejects.toMatchObject({
    code: 'SignatureDoesNotMatch',
  });
});

test.each(['yesterday', '2026-01-31T12:00:00Z', '20261331T120000Z'])(
  'the date %s is refused',
  async (date) => {
    const request = signed();
    const headers = { ...request.headers, 'x-amz-date': date };
    await expect(verified({ ...request, headers })).rejects.toMatchObject({
      code: 'IncompleteSignature',
    });
  },
);

/** The SDK's own signer, on the same clock. */
function sdkSigner(service: string) {
  class Sha256 {
    readonly #hash;
    constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
      this.#hash =
        secret === undefined
          ? createHash('sha256')
          : createHmac(
              'sha256',
              typeof secret === 'string' ? secret : Buffer.from(secret as Uint8Array),
            );
    }
    update(data: Uint8Array) {
      this.#hash.update(data);
    }
    async digest() {
      return new Uint8Array(this.#hash.digest());
    }
    reset() {}
  }
  return new SignatureV4({
    credentials: exampleCredentials,
    region: 'eu-central-1',
    service,
    sha256: Sha256,
  });
}

const awkward = fc.string({ unit: fc.constantFrom(..."aZ09-_.~ !*'()&=+%/é😀"), maxLength: 6 });

test('what the SDK’s signer presigns is accepted, whatever is in the query', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(
        awkward.filter((name) => name !== ''),
        awkward,
      ),
      async (query) => {
        const request = {
          method: 'GET',
          protocol: 'http:',
          hostname: '127.0.0.1',
          port: 4566,
          path: '/',
          query,
          headers: { host: '127.0.0.1:4566' },
        };
        const signingDate = new Date(now);
        const presigned = await sdkSigner('ec2').presign(request, { signingDate, expiresIn: 60 });
        const identity = await verified(await signedRequest(presigned));
        expect(identity.accountId).toBe('123456789012');
      },
    ),
  );
});

test('a presigned request holds for as long as it says', async () => {
  const request = {
    method: 'GET',
    protocol: 'http:',
    hostname: '127.0.0.1',
    path: '/',
    query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
    headers: { host: '127.0.0.1' },
  };
  const signingDate = new Date(now - 60_000);
  const presigned = await sdkSigner('sts').presign(request, { signingDate, expiresIn: 60 });
  expect(await verified(await signedRequest(presigned))).toMatchObject({ service: 'sts' });
  const late = { now: now + 1000, findSecret: async () => known };
  await expect(verifyRequest(await signedRequest(presigned), late)).rejects.toMatchObject({
    code: 'RequestExpired',
  });
});

test.each(['0', '604801', '-1', '1e3', ''])('X-Amz-Expires=%s is refused', async (expires) => {
  const rawQuery =
    'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A/20260131/r/ec2/aws4_request&' +
    `X-Amz-Date=20260131T120000Z&X-Amz-SignedHeaders=host&X-Amz-Signature=${'0'.repeat(64)}&` +
    `X-Amz-Expires=${expires}`;
  const request = {
    method: 'GET',
    path: '/',
    rawQuery,
    headers: { host: 'a' },
    body: new Uint8Array(),
  };
  await expect(verified(request)).rejects.toMatchObject({ code: 'IncompleteSignature' });
});

test('a server that trusts its callers can still read who they claim to be', () => {
  const request = withAuthorization(/Signature=.*/, `Signature=${'0'.repeat(64)}`);
  expect(claimedIdentity(request)).toEqual({
    accessKeyId: exampleCredentials.accessKeyId,
    region: 'eu-central-1',
    service: 'ec2',
  });
});

test('with the hash of the body in its head, a request is judged before the body is read', async () => {
  const { body: _, ...head } = signed();
  const options = { now, findSecret: async () => known };
  const { identity, payload } = await authenticate(head, options);
  expect(identity).toMatchObject({ service: 'ec2', accountId: known.accountId });
  expect(payload?.isHashNamed).toBe(true);
  const sha256 = createHash('sha256').update(body).digest('hex');
  expect(() => payload?.check(sha256)).not.toThrow();
  expect(() => payload?.check(sha256.replace(/^./, 'x'))).toThrow('is not the SHA-256');
  const tampered = { ...head, path: '/x' };
  await expect(authenticate(tampered, options)).rejects.toMatchObject({
    code: 'SignatureDoesNotMatch',
  });
});

test.each([
  ['s3', true],
  ['ebs', true],
  ['ec2', false],
])('an unsigned payload is nothing to check for %s: %s', async (service, isAllowed) => {
  const { body: _, ...head } = signed({ service });
  const unsigned = { ...head, headers: unsignedPayload(head.headers, service) };
  const { payload } = await authenticate(unsigned, { now, findSecret: async () => known });
  if (isAllowed) expect(payload).toBeUndefined();
  else expect(() => payload?.check('00')).toThrow('is not the SHA-256');
});

function unsignedPayload(headers: Record<string, string>, service: string) {
  const { authorization, ...rest } = headers;
  const unsigned = { ...rest, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
  return { ...unsigned, authorization: handSigned(unsigned, 'UNSIGNED-PAYLOAD', service) };
}
