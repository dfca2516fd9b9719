import { modelOf } from '@bakehouse/aws-model';
import { errorCatalogue } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { nameError } from './error-names.ts';

const error = (code: string, status = 400) => ({ code, status, message: 'm' });
const ec2 = { protocol: 'ec2Query', service: 'ec2' } as const;
const sts = { protocol: 'awsQuery', service: 'sts' } as const;
const ssm = { protocol: 'awsJson1_1', service: 'ssm' } as const;
const ebs = { protocol: 'restJson1', service: 'ebs' } as const;
const s3 = { protocol: 'restXml', service: 's3' } as const;

test.each([
  [ec2, 'AuthFailure', 401, 'AuthFailure', 401],
  [sts, 'AuthFailure', 401, 'InvalidClientTokenId', 403],
  [ssm, 'AuthFailure', 401, 'UnrecognizedClientException', 400],
  [s3, 'AuthFailure', 401, 'InvalidAccessKeyId', 403],
  [ssm, 'InvalidAction', 400, 'UnknownOperationException', 400],
  [ebs, 'UnsupportedOperation', 400, 'UnknownOperationException', 400],
  [s3, 'UnsupportedOperation', 400, 'NotImplemented', 501],
  [ssm, 'MissingParameter', 400, 'ValidationException', 400],
])('%o: %s (%i) is %s with status %i', (service, code, given, name, status) => {
  expect(nameError(service, error(code, given))).toEqual({
    code: name,
    status,
    message: 'm',
  });
});

test('what only a service says stays as it is', () => {
  for (const service of [ec2, sts, ssm, ebs, s3]) {
    expect(nameError(service, error('ParameterNotFound', 404))).toEqual(
      error('ParameterNotFound', 404),
    );
  }
});

test('codes that the model of a service declares have its status', () => {
  const declared = (['ssm', 'sts'] as const).flatMap((service) => {
    const model = modelOf(service);
    return Object.entries(errorCatalogue).flatMap(([own, spec]) => {
      const { code, status } = nameError(model, error(own, spec.status));
      const found = model.findError(code);
      return found ? [{ service, code, status, declared: found.status }] : [];
    });
  });
  expect(declared.length).toBeGreaterThan(15);
  expect(declared.filter((each) => each.status !== each.declared)).toEqual([]);
});
