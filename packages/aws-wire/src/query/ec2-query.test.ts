import { type Ec2OperationName, modelOf } from '@bakehouse/aws-model';
import { InvariantError } from '@bakehouse/base';
import { expect, test } from 'vitest';
import { bytesOf } from '../../test-support/sdk-exchange.ts';
import { wholeBody } from '../message.ts';
import { ec2Query } from './ec2-query.ts';

const model = modelOf('ec2');
const version = 'Version=2016-11-15';

async function decodedBytes(body: Uint8Array, rawQuery = '') {
  const head = { method: 'POST', path: '/', rawQuery, headers: {} };
  const call = await ec2Query.open(model, head, wholeBody(body));
  return { operation: call.operation, input: await call.decode() };
}

const decoded = (body: string, rawQuery = '') =>
  decodedBytes(new TextEncoder().encode(body), rawQuery);

const refusal = (body: string) =>
  decoded(body).then(
    (value) => ({ decoded: value }),
    (error: unknown) => error,
  );

test('a GET and a POST say the same, and a signature in the query is no parameter', async () => {
  const text = `Action=DescribeImages&${version}&ImageId.1=ami-1`;
  const presigned = 'X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-Date=c&X-Amz-Expires=1';
  const expected = {
    operation: 'DescribeImages',
    input: { ImageIds: ['ami-1'] },
  };
  expect(await decoded(text)).toEqual(expected);
  expect(await decoded('', text)).toEqual(expected);
  const signedInQuery = `${presigned}&Action=DescribeImages&${version}`;
  expect(await decoded('ImageId.1=ami-1', signedInQuery)).toEqual(expected);
  const signatureV2 =
    'AWSAccessKeyId=a&SignatureVersion=2&SignatureMethod=b&Timestamp=c&Signature=d';
  expect(await decoded(`${text}&${signatureV2}`)).toEqual(expected);
  expect(await refusal(`${text}&Timestamp=c`)).toMatchObject({ code: 'UnknownParameter' });
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
  ['ImageId.0=a&ImageId.1=b', { ImageIds: ['a', 'b'] }],
  ['ImageId=ami-1', { ImageIds: ['ami-1'] }],
  ['Filter.0.Name=y&Filter.0.Value.0=x', { Filters: [{ Name: 'y', Values: ['x'] }] }],
])('%s is %j', async (parameters, input) => {
  const { input: understood } = await decoded(`Action=DescribeImages&${version}&${parameters}`);
  expect(understood).toEqual(input);
});

test.each([
  [
    'DescribeImageAttribute&ImageId=i&Attribute=LaunchPermission',
    { Attribute: 'launchPermission' },
  ],
  ['ModifyImageAttribute&ImageId=i&Attribute=Description%20', { Attribute: 'description' }],
  ['DescribeInstanceAttribute&InstanceId=i&Attribute=InstanceType', { Attribute: 'instanceType' }],
  [
    'DescribeSnapshotAttribute&SnapshotId=s&Attribute=CreateVolumePermission',
    { Attribute: 'createVolumePermission' },
  ],
  ['DescribeVolumeAttribute&VolumeId=v&Attribute=autoEnableIO', { Attribute: 'autoEnableIO' }],
  ['DescribeVolumeAttribute&VolumeId=v&Attribute=owner', { Attribute: 'owner' }],
  ['DescribeInstanceTypes&InstanceType.1=T3.Micro', { InstanceTypes: ['t3.micro'] }],
  ['CreateVolume&AvailabilityZone=z&VolumeType=GP3', { VolumeType: 'gp3' }],
])('%s: words are compared without case and blanks', async (call, input) => {
  expect(await decoded(`Action=${call}&${version}`)).toMatchObject({ input });
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
])('the time %s is %s', async (text, time) => {
  const body = `Action=EnableImageDeprecation&${version}&ImageId=ami-1&DeprecateAt=${text}`;
  const { input } = await decoded(body);
  expect(input).toEqual({ ImageId: 'ami-1', DeprecateAt: new Date(time) });
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
])('the time %j is refused', async (text) => {
  const body = `Action=EnableImageDeprecation&${version}&ImageId=ami-1&DeprecateAt=${text}`;
  expect(await refusal(body)).toMatchObject({ code: 'InvalidParameterValue', status: 400 });
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
])('%s is refused with %s', async (body, code, words) => {
  expect(await refusal(body)).toMatchObject({ code, message: expect.stringContaining(words) });
});

test('a required structure that may be empty need not be sent: parameters cannot say an empty one', async () => {
  const body = `Action=CreateLaunchTemplateVersion&${version}&LaunchTemplateName=a&SourceVersion=1`;
  const { input } = await decoded(body);
  expect(input).toEqual({ LaunchTemplateName: 'a', SourceVersion: '1', LaunchTemplateData: {} });
});

test.each([
  'ImageIds.1=a',
  'imageid.1=a',
  'ImageId.01=a',
  'ImageId.-1=a',
  'ImageId.1e3=a',
  'ImageId.9999999=a',
  'ImageId.__proto__=a',
  'ImageId.1.x=a',
  'ImageId.1.1=a',
  'ImageId=a&ImageId.1=b',
  'Filter=a',
  'Owner.00=a',
  'ImageId.=a',
  'DryRun.1=true',
  'Filter.1=a',
  'Filter.1.constructor.prototype.x=a',
  '__proto__.polluted=a',
  'Filter.1.Name.=a',
  '=a',
])('the parameter %s is not recognized', async (parameter) => {
  const body = `Action=DescribeImages&${version}&${parameter}`;
  expect(await refusal(body)).toMatchObject({ code: 'UnknownParameter' });
  expect('polluted' in {}).toBe(false);
});

test.each([
  ['MaxResults=', 'MaxResults', 'an integer'],
  ['MaxResults=1.5', 'MaxResults', 'an integer'],
  ['MaxResults=0x10', 'MaxResults', 'an integer'],
  ['MaxResults=9007199254740993', 'MaxResults', 'an integer'],
  ['DryRun=yes', 'DryRun', 'true or false'],
  ['DryRun=', 'DryRun', 'true or false'],
])('%s is refused in words that name the parameter', async (parameter, name, noun) => {
  const value = parameter.split('=')[1];
  expect(await refusal(`Action=DescribeImages&${version}&${parameter}`)).toMatchObject({
    code: 'InvalidParameterValue',
    message: `Value (${value}) for parameter ${name} is invalid. Expected ${noun}.`,
  });
});

test('bytes are base64, in one line or several, and nothing else', async () => {
  const body = (text: string) =>
    `Action=ImportKeyPair&${version}&KeyName=k&PublicKeyMaterial=${text}`;
  for (const text of ['c3NoLXJzYQ%3D%3D', 'c3No%0ALXJz%0AYQ%3D%3D%0A', 'c3No%0D%0ALXJzYQ']) {
    expect((await decoded(body(text))).input, text).toEqual({
      KeyName: 'k',
      PublicKeyMaterial: new TextEncoder().encode('ssh-rsa'),
    });
  }
  for (const text of ['c3NoL', 'c3NoLXJzYQ=a', 'not base64', 'c3No LXJz', '%3D', 'c']) {
    expect(await refusal(body(text)), text).toMatchObject({ code: 'InvalidParameterValue' });
  }
});

test('user data that is not base64 is refused in the words of EC2', async () => {
  const body = (value: string) =>
    `Action=ModifyInstanceAttribute&${version}&InstanceId=i-1&UserData.Value=${value}`;
  expect(await refusal(body('*'))).toMatchObject({
    code: 'InvalidParameterValue',
    message: 'Invalid BASE64 encoding of user data.',
  });
  expect((await decoded(body('aGk%3D'))).input).toMatchObject({
    UserData: { Value: new TextEncoder().encode('hi') },
  });
});

test('a secret is not shown in the message that refuses it', async () => {
  const body = `Action=BundleInstance&${version}&InstanceId=i-1&Storage.S3.UploadPolicy=hunter2!`;
  expect(await refusal(body)).toMatchObject({
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
])('%s is a malformed query string', async (parameter, words) => {
  const body = `Action=DescribeImages&${version}&${parameter}`;
  expect(await refusal(body)).toMatchObject({
    code: 'MalformedQueryString',
    message: expect.stringContaining(words),
  });
});

test('bytes that are no text are a malformed query string', async () => {
  await expect(decodedBytes(Uint8Array.of(0x41, 0xff))).rejects.toThrow('UTF-8');
});

test('the number of parameters is bounded', async () => {
  const many = Array.from({ length: 20_001 }, (_, i) => `ImageId.${i + 1}=a`).join('&');
  expect(await refusal(`Action=DescribeImages&${version}&${many}`)).toMatchObject({
    code: 'MalformedQueryString',
  });
});

test('a long name is cut short in the message that refuses it', async () => {
  const error = await refusal(`Action=DescribeImages&${version}&${'a'.repeat(100_000)}=1`);
  expect(String(error).length).toBeLessThan(400);
});

/** A response's text; a long one arrives in slices. */
function encoded(operation: Ec2OperationName, output: object, requestId: string) {
  const shape = model.find(operation) ?? expect.unreachable();
  return ec2Query.encode(model, shape, output, requestId).body;
}

const encodedText = (operation: Ec2OperationName, output: object, requestId: string) =>
  String(encoded(operation, output, requestId));

const head = (name: string) =>
  '<?xml version="1.0" encoding="UTF-8"?>\n' +
  `<${name}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r-1</requestId>`;

test('an operation that returns nothing says true', () => {
  const xml = `${head('DeleteTags')}<return>true</return></DeleteTagsResponse>`;
  expect(encoded('DeleteTags', {}, 'r-1')).toBe(xml);
});

test('what is absent is left out, and what is empty is an empty element', () => {
  const output = { Images: [{ Description: '', Tags: [], State: undefined }, {}] };
  expect(encoded('DescribeImages', output, 'r-1')).toBe(
    `${head('DescribeImages')}<imagesSet><item><description/><tagSet/></item><item></item>` +
      '</imagesSet></DescribeImagesResponse>',
  );
});

test('a time has milliseconds, and bytes are base64', () => {
  const output = { UserData: { Value: 'eA==' } };
  expect(encoded('DescribeInstanceAttribute', output, 'r-1')).toContain(
    '<userData><value>eA==</value></userData>',
  );
  const time = new Date('2026-01-31T23:59:59Z');
  expect(encoded('CreateVolume', { CreateTime: time, Size: 8 }, 'r-1')).toContain(
    '<createTime>2026-01-31T23:59:59.000Z</createTime><size>8</size>',
  );
  expect(encoded('CreateVolume', { CreateTime: new Date(0) }, 'r-1')).toContain(
    '<createTime>1970-01-01T00:00:00.000Z</createTime>',
  );
});

test('a frozen structure is written as any other, each time and in each place', () => {
  const tag = Object.freeze({ Key: 'ключ', Value: '<&>' });
  const output = { Images: [{ Tags: [tag, { ...tag }] }, { Tags: [tag] }], NextToken: tag.Key };
  const first = encodedText('DescribeImages', output, 'r-1');
  expect(encoded('DescribeImages', output, 'r-1')).toBe(first);
  const written = '<item><key>ключ</key><value>&lt;&amp;&gt;</value></item>';
  expect(first.split(written)).toHaveLength(4);
});

test('a value that cannot be meant is a bug', () => {
  expect(() => encoded('CreateVolume', { Size: Number.NaN }, 'r')).toThrow(InvariantError);
});

test('an error is in an envelope of its own', () => {
  const error = { code: 'InvalidAMIID.NotFound', message: 'no <ami> & more' };
  expect(ec2Query.encodeError(model, { ...error, status: 400 }, 'r-1').body).toBe(
    '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error>' +
      '<Code>InvalidAMIID.NotFound</Code><Message>no &lt;ami&gt; &amp; more</Message>' +
      '</Error></Errors><RequestID>r-1</RequestID></Response>',
  );
});

test('a long answer is a stream of slices with the text that a short one would have', async () => {
  const one = { ImageId: 'ami-1', Description: 'x'.repeat(1000) };
  const body = encoded('DescribeImages', { Images: Array(5_000).fill(one) }, 'r-1');
  expect(typeof body).toBe('object');
  const item = `<item><imageId>ami-1</imageId><description>${one.Description}</description></item>`;
  const text = `${head('DescribeImages')}<imagesSet>${item.repeat(5_000)}</imagesSet></DescribeImagesResponse>`;
  expect((await bytesOf(body)).toString()).toBe(text);
});

test('other work is done between the slices of a long answer', async () => {
  const body = encoded('DescribeImages', { Images: Array(50_000).fill({ ImageId: 'ami-1' }) }, 'r');
  const done: string[] = [];
  for await (const slice of body as AsyncIterable<string>) {
    done.push('slice');
    setImmediate(() => done.push('other work'));
    expect(slice).not.toBe('');
  }
  expect(done.slice(0, 4)).toEqual(['slice', 'other work', 'slice', 'other work']);
});
