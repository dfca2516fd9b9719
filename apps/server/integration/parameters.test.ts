import {
  DeleteParameterCommand,
  GetParameterCommand,
  ParameterNotFound,
  PutParameterCommand,
  paginateGetParametersByPath,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  awsCli,
  credentialsOf,
  runClient,
  type ServerProcess,
  startWithImage,
} from './server-process.ts';

const imageId = 'ami-00000000000000001';

let server: ServerProcess;

beforeAll(async () => {
  server = await startWithImage(imageId);
});

afterAll(() => server.stop());

test('the SDK for JavaScript', async () => {
  const credentials = await credentialsOf(server);
  const client = new SSMClient({ endpoint: server.url, region: 'us-east-1', credentials });
  const names = Array.from({ length: 13 }, (_, index) => `/sdk/p${String(index).padStart(2, '0')}`);
  for (const Name of names) {
    await client.send(new PutParameterCommand({ Name, Value: 'v', Type: 'SecureString' }));
  }
  const found: (string | undefined)[] = [];
  const request = { Path: '/sdk', WithDecryption: true };
  for await (const { Parameters = [] } of paginateGetParametersByPath({ client }, request)) {
    for (const { Name, Value } of Parameters) found.push(Value === 'v' ? Name : undefined);
  }
  expect(found).toEqual(names);
  const [Name = ''] = names;
  await client.send(new DeleteParameterCommand({ Name }));
  const gone = client.send(new GetParameterCommand({ Name }));
  await expect(gone).rejects.toBeInstanceOf(ParameterNotFound);
  await expect(gone).rejects.toThrow(/\/sdk\/p00 not found/);
});

test('the AWS CLI', async () => {
  const name = ['--name', '/cli/x'];
  const put = ['ssm', 'put-parameter', ...name, '--type', 'String'];
  expect(JSON.parse((await awsCli(server, ...put, '--value', 'one')).stdout)).toEqual({
    Version: 1,
    Tier: 'Standard',
  });
  const twice = await awsCli(server, ...put, '--value', 'two');
  expect(twice.code).not.toBe(0);
  expect(twice.stderr).toMatch(
    /\(ParameterAlreadyExists\) when calling the PutParameter operation/,
  );
  const got = await awsCli(server, 'ssm', 'get-parameter', ...name, '--query', 'Parameter.Value');
  expect(JSON.parse(got.stdout)).toBe('one');
  const path = '/aws/service/global-infrastructure/regions/us-east-1/partition';
  const shown = await awsCli(server, 'ssm', 'get-parameters', '--names', path, '/cli/none');
  expect(JSON.parse(shown.stdout)).toMatchObject({
    Parameters: [{ Name: path, Value: 'aws' }],
    InvalidParameters: ['/cli/none'],
  });
});

/** What Terraform's resource and data source for parameters send, in its order. */
const terraformLike = `
import boto3, sys
ssm = boto3.client('ssm', endpoint_url=sys.argv[1])
name = '/terraform/secret'
ssm.put_parameter(Name=name, Type='SecureString', Value='s', Tier='Standard', DataType='text',
                  Tags=[{'Key': 'made-by', 'Value': 'terraform'}])
got = ssm.get_parameter(Name=name, WithDecryption=True)['Parameter']
assert got['Value'] == 's' and got['ARN'].endswith(':parameter' + name), got
described = ssm.describe_parameters(
    ParameterFilters=[{'Key': 'Name', 'Option': 'Equals', 'Values': [name]}])['Parameters']
assert [p['KeyId'] for p in described] == ['alias/aws/ssm'], described
tags = ssm.list_tags_for_resource(ResourceType='Parameter', ResourceId=name)['TagList']
assert tags == [{'Key': 'made-by', 'Value': 'terraform'}], tags
put = ssm.put_parameter(Name=name, Type='SecureString', Value='t', Overwrite=True)
assert put['Version'] == 2, put
assert ssm.get_parameter(Name=name + ':1', WithDecryption=True)['Parameter']['Value'] == 's'
ssm.delete_parameter(Name=name)
try:
    ssm.get_parameter(Name=name)
except ssm.exceptions.ParameterNotFound as error:
    print(error.response['Error']['Message'])
`;

test('boto3, as Terraform calls it', async () => {
  const outcome = await runClient(server, ['/usr/bin/python3', '-c', terraformLike, server.url]);
  expect(outcome).toMatchObject({ code: 0, stdout: 'Parameter /terraform/secret not found.\n' });
});

test('a launch by parameter', async () => {
  const put = ['ssm', 'put-parameter', '--name', '/cli/image', '--type', 'String'];
  const typed = ['--data-type', 'aws:ec2:image', '--value', imageId];
  expect(await awsCli(server, ...put, ...typed)).toMatchObject({ code: 0 });
  const run = ['ec2', 'run-instances', '--instance-type', 't3.micro', '--image-id'];
  const launched = await awsCli(server, ...run, 'resolve:ssm:/cli/image:1');
  expect(JSON.parse(launched.stdout)).toMatchObject({ Instances: [{ ImageId: imageId }] });
  const described = await awsCli(server, 'ec2', 'describe-instances');
  expect(JSON.parse(described.stdout).Reservations).toMatchObject([
    { Instances: [{ ImageId: imageId, InstanceType: 't3.micro' }] },
  ]);
});

test('a launch by a parameter that does not exist', async () => {
  const run = ['ec2', 'run-instances', '--image-id'];
  const outcome = await awsCli(server, ...run, 'resolve:ssm:/cli/none');
  expect(outcome.stderr).toMatch(
    /\(InvalidParameterValue\) when calling the RunInstances operation.*: .*\/cli\/none does not exist/,
  );
});
