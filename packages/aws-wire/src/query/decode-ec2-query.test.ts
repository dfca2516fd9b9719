import { expect, test } from 'vitest';
import { decodeEc2Query } from './decode-ec2-query.ts';

const version = 'Version=2016-11-15';

function decoded(body: string, rawQuery = '') {
  return decodeEc2Query({ rawQuery, body: new TextEncoder().encode(body) });
}

function refusal(body: string) {
  try {
    return { decoded: decoded(body) };
  } catch (error) {
    return error;
  }
}

test('a GET and a POST say the same, and a signature in the query is no parameter', () => {
  const text = `Action=DescribeImages&${version}&ImageId.1=ami-1`;
  const presigned = 'X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-Date=c&X-Amz-Expires=1';
  const expected = {
    action: 'DescribeImages',
    version: '2016-11-15',
    input: { ImageIds: ['ami-1'] },
  };
  expect(decoded(text)).toEqual(expected);
  expect(decoded('', text)).toEqual(expected);
  expect(decoded('ImageId.1=ami-1', `${presigned}&Action=DescribeImages&${version}`)).toEqual(
    expected,
  );
});

test.each([
  ['ImageId.3=c&ImageId.1=a&ImageId.10=d&ImageId.2=b', { ImageIds: ['a', 'b', 'c', 'd'] }],
  ['ImageId=', {}],
  ['Owner.1=', { Owners: [''] }],
  [
    'Filter.1.Name=tag%3AName&Filter.1.Value.1=a+b%2Bc',
    { Filters: [{ Name: 'tag:Name', Values: ['a b+c'] }] },
  ],
  ['Filter.2.Value.1=x&Filter.1.Name=y', { Filters: [{ Name: 'y' }, { Values: ['x'] }] }],
  ['DryRun=True&IncludeDeprecated=0', { DryRun: true, IncludeDeprecated: false }],
  ['MaxResults=%2B007', { MaxResults: 7 }],
  ['&&ImageId.1=a&', { ImageIds: ['a'] }],
  ['ImageId.1=%F0%9F%98%80', { ImageIds: ['😀'] }],
])('%s is %j', (parameters, input) => {
  expect(decoded(`Action=DescribeImages&${version}&${parameters}`).input).toEqual(input);
});

test.each([
  ['2026-01-31T23:59:59Z', '2026-01-31T23:59:59.000Z'],
  ['2026-01-31T23:59:59.123456789Z', '2026-01-31T23:59:59.123Z'],
  ['2026-01-31T23:59:59', '2026-01-31T23:59:59.000Z'],
  ['2026-01-31T23:59%2B01:00', '2026-01-31T22:59:00.000Z'],
  ['2026-01-31T23:59:59%2B0100', '2026-01-31T22:59:59.000Z'],
  ['2026-01-31', '2026-01-31T00:00:00.000Z'],
  ['1769903999', '2026-01-31T23:59:59.000Z'],
  ['1769903999.5', '2026-01-31T23:59:59.500Z'],
])('the time %s is %s', (text, time) => {
  const body = `Action=EnableImageDeprecation&${version}&ImageId=ami-1&DeprecateAt=${text}`;
  expect(decoded(body).input).toEqual({ ImageId: 'ami-1', DeprecateAt: new Date(time) });
});

test.each([
  'tomorrow',
  '2026-13-01T00:00:00Z',
  '2026-02-30T25:00:00Z',
  '',
  '2026-01-31T23:59:59 Z',
  '999999999999',
  'Infinity',
  '0x10',
])('the time %j is refused', (text) => {
  const body = `Action=EnableImageDeprecation&${version}&ImageId=ami-1&DeprecateAt=${text}`;
  expect(refusal(body)).toMatchObject({ code: 'InvalidParameterValue', status: 400 });
});

test.each<[string, string, string]>([
  ['', 'MissingAction', 'The request is missing an action.'],
  ['Action=', 'MissingAction', 'The request is missing an action.'],
  [
    `Action=Dance&${version}`,
    'InvalidAction',
    'The action Dance is not valid for this web service.',
  ],
  [`Action=__proto__&${version}`, 'InvalidAction', 'The action __proto__ is not valid'],
  ['Action=RunInstances', 'MissingParameter', 'The request must contain the parameter Version'],
  ['Action=RunInstances&Version=2010-01-01', 'NoSuchVersion', '2016-11-15'],
  [`Action=RunInstances&${version}`, 'MissingParameter', 'the parameter MaxCount'],
  [`Action=StopInstances&${version}&InstanceId=`, 'MissingParameter', 'the parameter InstanceId'],
  [
    `Action=CreateFleet&${version}&TargetCapacitySpecification.DefaultTargetCapacityType=spot`,
    'MissingParameter',
    'the parameter TargetCapacitySpecification.TotalTargetCapacity',
  ],
  [
    `Action=CreateLaunchTemplate&${version}&LaunchTemplateName=a&LaunchTemplateData.ImageId=b&Tag=`,
    'UnknownParameter',
    'The parameter Tag is not recognized',
  ],
])('%s is refused with %s', (body, code, words) => {
  expect(refusal(body)).toMatchObject({ code, message: expect.stringContaining(words) });
});

test.each([
  'ImageIds.1=a',
  'imageid.1=a',
  'ImageId.0=a',
  'ImageId.01=a',
  'ImageId.-1=a',
  'ImageId.1e3=a',
  'ImageId.9999999=a',
  'ImageId.__proto__=a',
  'ImageId.1.x=a',
  'ImageId.1.1=a',
  'ImageId=a',
  'ImageId.=a',
  'DryRun.1=true',
  'Filter.1=a',
  'Filter.1.constructor.prototype.x=a',
  '__proto__.polluted=a',
  'Filter.1.Name.=a',
  '=a',
])('the parameter %s is not recognized', (parameter) => {
  const body = `Action=DescribeImages&${version}&${parameter}`;
  expect(refusal(body)).toMatchObject({ code: 'UnknownParameter' });
  expect('polluted' in {}).toBe(false);
});

test.each([
  ['MaxResults=', 'MaxResults', 'an integer'],
  ['MaxResults=1.5', 'MaxResults', 'an integer'],
  ['MaxResults=0x10', 'MaxResults', 'an integer'],
  ['MaxResults=9007199254740993', 'MaxResults', 'an integer'],
  ['DryRun=yes', 'DryRun', 'true or false'],
  ['DryRun=', 'DryRun', 'true or false'],
])('%s is refused in words that name the parameter', (parameter, name, noun) => {
  const value = parameter.split('=')[1];
  expect(refusal(`Action=DescribeImages&${version}&${parameter}`)).toMatchObject({
    code: 'InvalidParameterValue',
    message: `Value (${value}) for parameter ${name} is invalid. Expected ${noun}.`,
  });
});

test('bytes are base64 and nothing else', () => {
  const body = (text: string) =>
    `Action=ImportKeyPair&${version}&KeyName=k&PublicKeyMaterial=${text}`;
  expect(decoded(body('c3NoLXJzYQ%3D%3D')).input).toEqual({
    KeyName: 'k',
    PublicKeyMaterial: new TextEncoder().encode('ssh-rsa'),
  });
  for (const text of ['c3NoL', 'c3NoLXJzYQ=a', 'not base64', 'c3No LXJz', '%3D', 'c']) {
    expect(refusal(body(text)), text).toMatchObject({ code: 'InvalidParameterValue' });
  }
});

test('a secret is not shown in the words that refuse it', () => {
  const body = `Action=BundleInstance&${version}&InstanceId=i-1&Storage.S3.UploadPolicy=hunter2!`;
  expect(refusal(body)).toMatchObject({
    code: 'InvalidParameterValue',
    message:
      'Value for parameter Storage.S3.UploadPolicy is invalid. Expected base64-encoded bytes.',
  });
});

test.each([
  ['ImageId.1=%', 'percent-encoded'],
  ['ImageId.1=%ff', 'percent-encoded'],
  ['%C3%28=1', 'percent-encoded'],
  ['ImageId.1=a&ImageId.1=b', 'more than once'],
  [`${'a.'.repeat(40)}b=1`, 'more than 32 parts'],
])('%s is a malformed query string', (parameter, words) => {
  const body = `Action=DescribeImages&${version}&${parameter}`;
  expect(refusal(body)).toMatchObject({
    code: 'MalformedQueryString',
    message: expect.stringContaining(words),
  });
});

test('bytes that are no text are a malformed query string', () => {
  const body = Uint8Array.of(0x41, 0xff);
  expect(() => decodeEc2Query({ rawQuery: '', body })).toThrow('UTF-8');
});

test('the number of parameters is bounded', () => {
  const many = Array.from({ length: 20_001 }, (_, i) => `ImageId.${i + 1}=a`).join('&');
  expect(refusal(`Action=DescribeImages&${version}&${many}`)).toMatchObject({
    code: 'MalformedQueryString',
  });
});

test('a long name is cut short in the words that refuse it', () => {
  const error = refusal(`Action=DescribeImages&${version}&${'a'.repeat(100_000)}=1`);
  expect(String(error).length).toBeLessThan(400);
});
