import { execFile, spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  decodeEc2Query,
  encodeEc2Error,
  encodeEc2Response,
  verifyRequest,
  xmlContentType,
} from '../src/index.ts';
import { exampleCredentials } from '../test-support/sdk-exchange.ts';

const run = promisify(execFile);
const { accessKeyId, secretAccessKey } = exampleCredentials;
const answer = { Regions: [{ RegionName: 'eu-central-1' }] };

/** Verifies and decodes each request, and answers the one region there is. */
const server = createServer(async (incoming, response) => {
  const [path = '', rawQuery = ''] = (incoming.url ?? '').split('?');
  const body = new Uint8Array(await buffer(incoming));
  const request = {
    method: incoming.method ?? '',
    path,
    rawQuery,
    headers: incoming.headersDistinct,
    body,
  };
  response.setHeader('content-type', xmlContentType);
  try {
    await verifyRequest(request, {
      now: Date.now(),
      findSecret: async () => ({ secret: secretAccessKey, accountId: '1' }),
    });
    expect(decodeEc2Query(request).action).toBe('DescribeRegions');
    response.end(encodeEc2Response('DescribeRegions', answer, 'request-1'));
  } catch (error) {
    response.statusCode = 400;
    response.end(encodeEc2Error({ code: 'Refused', message: String(error) }, 'request-1'));
  }
});

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => server.close());

function endpoint(): string {
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

function isInstalled(command: string): boolean {
  return spawnSync(command, ['--version']).status === 0;
}

describe.skipIf(!isInstalled('curl'))('curl --aws-sigv4', () => {
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

describe.skipIf(!isInstalled('aws'))('the AWS CLI', () => {
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
