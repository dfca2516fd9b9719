import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Ec2OperationName, ec2Shapes } from '@bakehouse/aws-model';
import { describe, expect, test } from 'vitest';
import { decodeEc2Query } from '../src/query/decode-ec2-query.ts';
import { decodeStsQuery } from '../src/query/decode-sts-query.ts';
import type { SignedRequest } from '../src/sigv4/signed-request.ts';
import { verifyRequest } from '../src/sigv4/verify-request.ts';
import { encodeEc2Error, encodeEc2Response } from '../src/xml/encode-ec2-response.ts';
import { encodeStsResponse } from '../src/xml/encode-sts-response.ts';
import { fromGoldenJson, toGoldenJson } from '../test-support/golden-json.ts';
import { exampleCredentials } from '../test-support/sdk-exchange.ts';

const python = '/usr/bin/python3';
const script = fileURLToPath(new URL('botocore-exchange.py', import.meta.url));
const hasBotocore = spawnSync(python, ['-c', 'import botocore']).status === 0;

interface Call {
  readonly service: 'ec2' | 'sts';
  readonly method: string;
  readonly input: object;
  readonly status: number;
  readonly xml: string;
}

interface Exchange {
  readonly sent: {
    readonly method: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  };
  readonly output?: object;
  readonly error?: object;
}

/** One call by a real botocore, which comes no further than its own process. */
async function exchange(call: Call): Promise<Exchange & { request: SignedRequest }> {
  const input = `${JSON.stringify({ ...call, ...exampleCredentials })}\n`;
  const answer: Exchange = JSON.parse(
    execFileSync(python, [script], { input, encoding: 'utf8', timeout: 60_000 }),
  );
  const { pathname, search, host } = new URL(answer.sent.url);
  const headers = Object.entries(answer.sent.headers).map(([name, value]) => [
    name.toLowerCase(),
    value,
  ]);
  const request: SignedRequest = {
    method: answer.sent.method,
    path: pathname,
    rawQuery: search.slice(1),
    headers: { host, ...Object.fromEntries(headers) },
    body: new Uint8Array(Buffer.from(answer.sent.body, 'base64')),
  };
  await verifyRequest(request, {
    now: Date.now(),
    findSecret: async () => ({ secret: exampleCredentials.secretAccessKey, accountId: '1' }),
  });
  return { ...answer, request };
}

describe.skipIf(!hasBotocore)('botocore', () => {
  test.each<[Ec2OperationName, string, object, object]>([
    [
      'RunInstances',
      'run_instances',
      {
        ImageId: 'ami-1',
        MinCount: 1,
        MaxCount: 2,
        BlockDeviceMappings: [
          { DeviceName: '/dev/xvda', Ebs: { VolumeSize: 8, Encrypted: false } },
        ],
        NetworkInterfaces: [{ DeviceIndex: 0, Groups: ['sg-1'], AssociatePublicIpAddress: true }],
        TagSpecifications: [
          { ResourceType: 'instance', Tags: [{ Key: 'Name', Value: 'größe &+ %' }] },
        ],
        InstanceMarketOptions: { SpotOptions: { ValidUntil: '2030-01-02T03:04:05.000Z' } },
        ClientToken: 'token',
      },
      {
        Groups: [],
        Instances: [
          {
            InstanceId: 'i-1',
            State: { Code: 0, Name: 'pending' },
            LaunchTime: '2026-01-31T12:00:00.000Z',
            Tags: [{ Key: 'Name', Value: ' größe\n&+ %\r' }],
            SecurityGroups: [],
          },
        ],
      },
    ],
    [
      'DescribeImages',
      'describe_images',
      { ImageIds: [], Owners: ['self'], Filters: [{ Name: 'tag:a b', Values: ['x*', 'y'] }] },
      { Images: [] },
    ],
    [
      'ImportKeyPair',
      'import_key_pair',
      { KeyName: 'k', PublicKeyMaterial: 'c3NoLXJzYQ==' },
      { KeyName: 'k', KeyFingerprint: 'aa' },
    ],
    ['DeleteSnapshot', 'delete_snapshot', { SnapshotId: 'snap-1' }, {}],
  ])('%s is read as it was meant, both ways', async (name, method, input, output) => {
    const meant = fromGoldenJson(ec2Shapes.output(name), output) as object;
    const xml = encodeEc2Response(name, meant as never, 'request-1');
    const { request, output: understood } = await exchange({
      service: 'ec2',
      method,
      input: pythonInput(input),
      status: 200,
      xml,
    });
    expect(understood).toEqual(output);
    const decoded = decodeEc2Query(request);
    expect(decoded.action).toBe(name);
    expect(JSON.parse(toGoldenJson(decoded.input))).toEqual(withoutEmptyLists(input));
  });

  test('an error is read with its code and words', async () => {
    const error = { code: 'InvalidAMIID.NotFound', message: "no '<ami>' & more" };
    const { error: understood } = await exchange({
      service: 'ec2',
      method: 'describe_images',
      input: {},
      status: 400,
      xml: encodeEc2Error(error, 'request-1'),
    });
    expect(understood).toEqual({ Code: error.code, Message: error.message });
  });

  test('the caller’s identity is read', async () => {
    const identity = {
      UserId: 'AKIA',
      Account: '123456789012',
      Arn: 'arn:aws:iam::123456789012:root',
    };
    const { request, output } = await exchange({
      service: 'sts',
      method: 'get_caller_identity',
      input: {},
      status: 200,
      xml: encodeStsResponse('GetCallerIdentity', identity, 'request-1'),
    });
    expect(output).toEqual(identity);
    expect(decodeStsQuery(request).action).toBe('GetCallerIdentity');
  });
});

/** botocore encodes bytes itself; JSON carries them as text. */
function pythonInput(input: object): object {
  if (!('PublicKeyMaterial' in input)) return input;
  return { ...input, PublicKeyMaterial: 'ssh-rsa' };
}

/** A Query request has no empty list. */
function withoutEmptyLists(input: object): object {
  const entries = Object.entries(input).filter(
    ([, value]) => !Array.isArray(value) || value.length > 0,
  );
  return Object.fromEntries(entries);
}
