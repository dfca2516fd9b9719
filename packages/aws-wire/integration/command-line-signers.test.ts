import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { modelOf } from '@bakehouse/aws-model';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { protocols, type Reply } from '../src/index.ts';
import { bytesOf, exampleCredentials } from '../test-support/sdk-exchange.ts';
import { decodedRequest } from '../test-support/understood.ts';
import { verifyRequest } from '../test-support/verify-request.ts';

const run = promisify(execFile);
const { accessKeyId, secretAccessKey } = exampleCredentials;
const answer = { Regions: [{ RegionName: 'eu-central-1' }] };

const model = modelOf('ec2');

/** Verifies and decodes each request, and returns the one region that exists. */
const server = createServer(async (incoming, response) => {
  const [path = '', rawQuery = ''] = (incoming.url ?? '').split('?');
  const body = new Uint8Array(await buffer(incoming));
  const headers = incoming.headersDistinct;
  const request = { method: incoming.method ?? '', path, rawQuery, headers, body };
  const { body: text, ...reply } = await replyTo(request);
  response.writeHead(reply.status, reply.headers).end(await bytesOf(text));
});

async function replyTo(request: Parameters<typeof verifyRequest>[0]): Promise<Reply> {
  try {
    await verifyRequest(request, {
      now: Date.now(),
      findSecret: async () => ({ secret: secretAccessKey, accountId: '1' }),
    });
    expect((await decodedRequest(model, request)).operation).toBe('DescribeRegions');
    const operation = model.find('DescribeRegions') ?? expect.unreachable();
    return protocols.ec2Query.encode(model, operation, answer, 'request-1');
  } catch (error) {
    const refusal = { code: 'Refused', status: 400, message: String(error) };
    return protocols.ec2Query.encodeError(model, refusal, 'request-1');
  }
}

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => server.close());

function endpoint(): string {
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

describe('curl --aws-sigv4', () => {
  const query = 'Action=DescribeRegions&Version=2016-11-15';
  const signing = [
    '--aws-sigv4',
    'aws:amz:eu-central-1:ec2',
    '-u',
    `${accessKeyId}:${secretAccessKey}`,
  ];

  test.each([
    ['GET', (url: string) => [`${url}/?${query}`]],
    ['POST', (url: string) => [url, '-d', query]],
  ])('a %s is accepted', async (_, target) => {
    const { stdout } = await run('curl', ['-s', '-m', '20', ...signing, ...target(endpoint())]);
    expect(stdout).toContain('<regionName>eu-central-1</regionName>');
  });
});

describe('the AWS CLI', () => {
  test('is understood and understands', async () => {
    const env = {
      ...process.env,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_DEFAULT_REGION: 'eu-central-1',
      AWS_PAGER: '',
    };
    const command = ['--endpoint-url', endpoint(), '--output', 'json', 'ec2', 'describe-regions'];
    const { stdout } = await run('aws', command, { env, timeout: 60_000 });
    expect(JSON.parse(stdout)).toEqual(answer);
  });
});
