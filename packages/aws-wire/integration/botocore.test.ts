import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { nameError } from '../src/error-names.ts';
import type { Reply } from '../src/message.ts';
import { protocols } from '../src/protocols.ts';
import { fromGoldenJson, toGoldenJson } from '../test-support/golden-json.ts';
import { bytesOf, exampleCredentials } from '../test-support/sdk-exchange.ts';
import { tested, wholeServices } from '../test-support/tested-services.ts';
import { decodedRequest, type TestedService } from '../test-support/understood.ts';
import { type SignedRequest, verifyRequest } from '../test-support/verify-request.ts';

const python = '/usr/bin/python3';
const script = fileURLToPath(new URL('botocore-exchange.py', import.meta.url));
const services = new Map<string, TestedService>([...(await wholeServices()), ['ec2', tested.ec2]]);

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

interface Call {
  readonly service: string;
  /** botocore's name of the operation, such as `describe_images`. */
  readonly method: string;
  readonly input: object;
}

interface Planned {
  readonly call: Call;
  readonly reply: Reply;
}

/** Calls by a real botocore, none of which leaves its process; one process for all of them. */
async function exchangeAll(planned: readonly Planned[]): Promise<Exchange[]> {
  const lines = planned.map(async ({ call, reply: { status, headers, body } }) => {
    const base64 = (await bytesOf(body)).toString('base64');
    return JSON.stringify({ ...call, status, headers, body: base64, ...exampleCredentials });
  });
  const input = `${(await Promise.all(lines)).join('\n')}\n`;
  const { stdout } = await promisedOutput(input);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

async function promisedOutput(input: string): Promise<{ stdout: string }> {
  const running = promisify(execFile)(python, [script], { encoding: 'utf8', timeout: 100_000 });
  running.child.stdin?.end(input);
  return running;
}

async function verified({ sent }: Exchange): Promise<SignedRequest> {
  const { pathname, search, host } = new URL(sent.url);
  const headers = Object.entries(sent.headers).map(([name, value]) => [name.toLowerCase(), value]);
  const request: SignedRequest = {
    method: sent.method,
    path: pathname,
    rawQuery: search.slice(1),
    headers: { host, ...Object.fromEntries(headers) },
    body: new Uint8Array(Buffer.from(sent.body, 'base64')),
  };
  await verifyRequest(request, {
    now: Date.now(),
    findSecret: async () => ({ secret: exampleCredentials.secretAccessKey, accountId: '1' }),
  });
  return request;
}

interface Case {
  readonly call: Call;
  readonly operation: string;
  /** As our decoder is to understand it, where that is not the call's input. */
  readonly understood?: object;
  readonly output: object;
}

const bytes = (text: string) => ({ $bytes: Buffer.from(text).toString('base64') });

const cases: readonly Case[] = [
  {
    operation: 'RunInstances',
    call: {
      service: 'ec2',
      method: 'run_instances',
      input: {
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
    },
    output: {
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
  },
  {
    operation: 'DescribeImages',
    call: {
      service: 'ec2',
      method: 'describe_images',
      input: {
        ImageIds: [],
        Owners: ['self'],
        Filters: [{ Name: 'tag:a b', Values: ['x*', 'y'] }],
      },
    },
    // EC2's Query protocol has no empty list.
    understood: { Owners: ['self'], Filters: [{ Name: 'tag:a b', Values: ['x*', 'y'] }] },
    output: { Images: [] },
  },
  {
    operation: 'ImportKeyPair',
    call: {
      service: 'ec2',
      method: 'import_key_pair',
      input: { KeyName: 'k', PublicKeyMaterial: bytes('ssh-rsa') },
    },
    understood: { KeyName: 'k', PublicKeyMaterial: 'c3NoLXJzYQ==' },
    output: { KeyName: 'k', KeyFingerprint: 'aa' },
  },
  {
    operation: 'DeleteSnapshot',
    call: { service: 'ec2', method: 'delete_snapshot', input: { SnapshotId: 'snap-1' } },
    output: {},
  },
  {
    operation: 'GetCallerIdentity',
    call: { service: 'sts', method: 'get_caller_identity', input: {} },
    output: { UserId: 'AKIA', Account: '123456789012', Arn: 'arn:aws:iam::123456789012:root' },
  },
  {
    operation: 'CreateUser',
    call: {
      service: 'iam',
      method: 'create_user',
      input: {
        UserName: 'größe',
        Tags: [
          { Key: 'a', Value: 'b&c' },
          { Key: 'd', Value: '' },
        ],
      },
    },
    output: {
      User: {
        Path: '/',
        UserName: 'größe',
        UserId: 'AIDA',
        Arn: 'arn:aws:iam::1:user/x',
        CreateDate: '2026-01-31T12:00:00.000Z',
        Tags: [{ Key: 'a', Value: 'b&c' }],
      },
    },
  },
  {
    operation: 'GetAccountSummary',
    call: { service: 'iam', method: 'get_account_summary', input: {} },
    output: { SummaryMap: { Users: 3, Groups: 0 } },
  },
  {
    operation: 'PutParameter',
    call: {
      service: 'ssm',
      method: 'put_parameter',
      input: { Name: '/a/b', Value: 'größe', Type: 'String', Overwrite: true },
    },
    output: { Version: 2, Tier: 'Standard' },
  },
  {
    operation: 'GetParameter',
    call: { service: 'ssm', method: 'get_parameter', input: { Name: '/a/b:3' } },
    output: {
      Parameter: { Name: '/a/b', Version: 3, LastModifiedDate: '2026-01-31T12:00:00.250Z' },
    },
  },
  {
    operation: 'Encrypt',
    call: {
      service: 'kms',
      method: 'encrypt',
      input: { KeyId: 'k', Plaintext: bytes('secret'), EncryptionContext: { a: 'b' } },
    },
    understood: { KeyId: 'k', Plaintext: 'c2VjcmV0', EncryptionContext: { a: 'b' } },
    output: { CiphertextBlob: 'eHl6', KeyId: 'arn:aws:kms:k' },
  },
  {
    operation: 'PutSnapshotBlock',
    call: {
      service: 'ebs',
      method: 'put_snapshot_block',
      input: {
        SnapshotId: 'snap-1',
        BlockIndex: 7,
        BlockData: bytes('block'),
        DataLength: 5,
        Checksum: 'c=',
        ChecksumAlgorithm: 'SHA256',
      },
    },
    understood: {
      SnapshotId: 'snap-1',
      BlockIndex: 7,
      BlockData: 'YmxvY2s=',
      DataLength: 5,
      Checksum: 'c=',
      ChecksumAlgorithm: 'SHA256',
    },
    output: { Checksum: 'c=', ChecksumAlgorithm: 'SHA256' },
  },
  {
    operation: 'GetSnapshotBlock',
    call: {
      service: 'ebs',
      method: 'get_snapshot_block',
      input: { SnapshotId: 'snap-1', BlockIndex: 7, BlockToken: 'a+/=' },
    },
    output: { DataLength: 5, BlockData: 'YmxvY2s=', Checksum: 'c=', ChecksumAlgorithm: 'SHA256' },
  },
  {
    operation: 'PutObjectTagging',
    call: {
      service: 's3',
      method: 'put_object_tagging',
      input: {
        Bucket: 'bucket-1',
        Key: 'a b/ü//c',
        Tagging: { TagSet: [{ Key: '<k>', Value: '&' }] },
      },
    },
    output: { VersionId: 'v' },
  },
  {
    operation: 'ListObjectsV2',
    call: {
      service: 's3',
      method: 'list_objects_v2',
      input: { Bucket: 'bucket-1', Prefix: 'a/', MaxKeys: 2 },
    },
    understood: { Bucket: 'bucket-1', Prefix: 'a/', MaxKeys: 2, EncodingType: 'url' },
    output: {
      IsTruncated: false,
      Contents: [{ Key: 'a/b', Size: 3, LastModified: '2026-01-31T12:00:00.000Z' }],
      Name: 'bucket-1',
      CommonPrefixes: [{ Prefix: 'a/c/' }],
      KeyCount: 1,
      EncodingType: 'url',
    },
  },
];

/** What botocore's S3 client adds to each request of this kind. */
const added: ReadonlySet<string> = new Set(['ContentMD5', 'ChecksumAlgorithm']);

const refused: readonly Call[] = [
  { service: 'ec2', method: 'describe_images', input: {} },
  { service: 'sts', method: 'get_caller_identity', input: {} },
  { service: 'iam', method: 'list_users', input: {} },
  { service: 'ssm', method: 'get_parameter', input: { Name: 'p' } },
  { service: 'kms', method: 'list_keys', input: {} },
  { service: 'ebs', method: 'list_snapshot_blocks', input: { SnapshotId: 'snap-1' } },
  { service: 's3', method: 'list_objects_v2', input: { Bucket: 'bucket-1' } },
];

const modelFor = (service: string) => (services.get(service) ?? expect.unreachable()).model;

function answerOf({ call, operation, output }: Case): Planned {
  const model = modelFor(call.service);
  const shape = model.find(operation) ?? expect.unreachable();
  const meant = fromGoldenJson(shape.output, output) as object;
  return { call, reply: protocols[model.protocol].encode(model, shape, meant, 'request-1') };
}

const message = "no '<ami>' & more";

function refusalOf(service: string) {
  const model = modelFor(service);
  const error = nameError(model, { code: 'UnsupportedOperation', status: 400, message });
  return { error, reply: protocols[model.protocol].encodeError(model, error, 'request-1') };
}

describe('botocore', () => {
  let exchanges: readonly Exchange[] = [];
  beforeAll(async () => {
    const refusals = refused.map((call) => ({ call, reply: refusalOf(call.service).reply }));
    exchanges = await exchangeAll([...cases.map(answerOf), ...refusals]);
  });
  const exchangeAt = (index: number) => exchanges[index] ?? expect.unreachable();

  test.each(cases.map((one, i) => [`${one.call.service} ${one.operation}`, one, i] as const))(
    '%s is read as it was meant, both ways',
    async (_, { call, operation, understood = call.input, output }, index) => {
      const { output: read, ...exchange } = exchangeAt(index);
      expect(read).toEqual(output);
      const decoded = await decodedRequest(modelFor(call.service), await verified(exchange));
      expect(decoded.operation).toBe(operation);
      const input = Object.entries(JSON.parse(toGoldenJson(decoded.input)));
      const wanted = new Set(Object.keys(understood));
      const own = input.filter(([name]) => wanted.has(name) || !added.has(name));
      expect(Object.fromEntries(own)).toEqual(understood);
    },
  );

  test.each(refused.map(({ service }, i) => [service, cases.length + i] as const))(
    'an error of %s is read with its code and message',
    (service, index) => {
      const { code } = refusalOf(service).error;
      expect(exchangeAt(index).error).toMatchObject({ Code: code, Message: message });
    },
  );
});
