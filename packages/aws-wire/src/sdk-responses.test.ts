import type * as ec2 from '@aws-sdk/client-ec2';
import { describe, expect, test } from 'vitest';
import { tested, wholeServices } from '../test-support/tested-services.ts';
import { answered, type TestedService, understoodAnswer } from '../test-support/understood.ts';
import { nameError } from './error-names.ts';
import { protocols } from './protocols.ts';

test('the SDK reads a response as it was meant, empty things included', async () => {
  const output: ec2.DescribeImagesResult = {
    Images: [
      {
        ImageId: 'ami-1',
        Name: 'a & b <c> "d" \'e\'',
        Description: '',
        Public: false,
        Tags: [],
        BlockDeviceMappings: [{ DeviceName: '/dev/sda1', Ebs: { VolumeSize: 8 } }],
      },
      {},
    ],
  };
  for (const one of [output, { Images: [] }, {}]) {
    expect(await understoodAnswer(tested.ec2, 'DescribeImages', {}, one)).toEqual(one);
  }
});

/** An operation and input of each service, to be answered with errors. */
const calls: readonly (readonly [string, string, object])[] = [
  ['ec2', 'DescribeImages', {}],
  ['sts', 'GetCallerIdentity', {}],
  ['iam', 'GetUser', { UserName: 'u' }],
  ['ssm', 'GetParameter', { Name: 'p' }],
  ['kms', 'DescribeKey', { KeyId: 'k' }],
  ['ebs', 'ListSnapshotBlocks', { SnapshotId: 'snap-1' }],
  ['s3', 'ListObjectsV2', { Bucket: 'b' }],
];

const services = new Map<string, TestedService>([...(await wholeServices()), ['ec2', tested.ec2]]);

describe.each(calls)('%s', (name, operation, input) => {
  const service = services.get(name) ?? expect.unreachable();

  async function errorOf(error: { code: string; status: number; message: string }) {
    const { model } = service;
    const named = nameError(model, error);
    const reply = protocols[model.protocol].encodeError(model, named, 'request-1');
    const caught = await answered(service, operation, input, reply).catch((one: unknown) => one);
    return { caught, named };
  }

  test.each([
    ['InternalError', 500],
    ['SignatureDoesNotMatch', 403],
    ['InvalidClientTokenId', 403],
    ['UnsupportedOperation', 400],
    ['MissingParameter', 400],
    ['OfTheService', 409],
  ])('the SDK reads the error %s with its code, message and request id', async (code, status) => {
    const message = "what '<ami>' & more";
    const { caught, named } = await errorOf({ code, status, message });
    // EC2's error envelope has an id that this SDK does not look for; its header has it too.
    expect(caught).toMatchObject({
      name: named.code,
      message,
      $metadata: { httpStatusCode: named.status, requestId: 'request-1' },
    });
  });
});

test('an error that the model declares is of its own class', async () => {
  const { model } = tested.ssm;
  const error = { code: 'ParameterNotFound', status: 400, message: 'no such parameter' };
  const reply = protocols.awsJson1_1.encodeError(model, error, 'request-1');
  const caught = answered(tested.ssm, 'GetParameter', { Name: 'p' }, reply);
  await expect(caught).rejects.toBeInstanceOf(tested.ssm.sdk.ParameterNotFound);
});
