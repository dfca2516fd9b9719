import type * as sdk from '@aws-sdk/client-ec2';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { ec2Shapes } from '@bakehouse/aws-model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryStructure } from '../test-support/arbitrary-value.ts';
import { sdkCommand, sdkEc2Client, sdkStsClient } from '../test-support/sdk-exchange.ts';
import { understoodAnswer } from '../test-support/understood-answer.ts';
import { decodeStsQuery } from './query/decode-sts-query.ts';
import { encodeEc2Error } from './xml/encode-ec2-response.ts';
import { encodeStsError, encodeStsResponse } from './xml/encode-sts-response.ts';

test('the SDK reads an answer as it was meant, empty things included', async () => {
  const output: sdk.DescribeImagesResult = {
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
  expect(await understoodAnswer('DescribeImages', output)).toEqual(output);
  expect(await understoodAnswer('DescribeImages', { Images: [] })).toEqual({ Images: [] });
  expect(await understoodAnswer('DescribeImages', {})).toEqual({});
});

test('the SDK reads what an operation answers as it was meant', async () => {
  const answers = fc
    .constantFrom(...ec2Shapes.operationNames())
    .chain((name) => fc.tuple(fc.constant(name), arbitraryStructure(ec2Shapes.output(name))));
  await fc.assert(
    fc.asyncProperty(answers, async ([name, output]) => {
      expect(await understoodAnswer(name, output)).toEqual(output);
    }),
    { numRuns: 30 },
  );
});

test('the SDK reads an error with its code, words and request id', async () => {
  const error = { code: 'InvalidAMIID.NotFound', message: "The image id '[<ami>]' & more" };
  const body = encodeEc2Error(error, 'request-1');
  const client = sdkEc2Client(() => ({ status: 400, body }));
  await expect(client.send(sdkCommand('DescribeImages', {}))).rejects.toMatchObject({
    name: error.code,
    message: error.message,
    $metadata: { httpStatusCode: 400 },
  });
});

test('the SDK reads who it is', async () => {
  const identity = {
    UserId: 'AKIA',
    Account: '123456789012',
    Arn: 'arn:aws:iam::123456789012:root',
  };
  const client = sdkStsClient((request) => {
    const { action } = decodeStsQuery(request);
    return { status: 200, body: encodeStsResponse(action, identity, 'request-1') };
  });
  const answer = await client.send(new GetCallerIdentityCommand({}));
  expect(answer).toMatchObject(identity);
});

test('the SDK reads an error of STS', async () => {
  const error = { code: 'InvalidClientTokenId', message: 'No such token', status: 403 };
  const client = sdkStsClient(() => ({ status: 403, body: encodeStsError(error, 'request-1') }));
  await expect(client.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
    name: error.code,
    message: error.message,
  });
});
