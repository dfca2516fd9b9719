import { afterAll, beforeAll, expect, test } from 'vitest';
import { awsCli, type ServerProcess, startSimulated } from './server-process.ts';

let server: ServerProcess;

beforeAll(async () => {
  server = await startSimulated();
});

afterAll(() => server.stop());

/** Each speaks its service's own protocol. */
const unserved = [
  ['AWS JSON 1.1', ['kms', 'list-keys'], 'UnknownOperationException'],
  ['AWS JSON 1.0', ['dynamodb', 'list-tables'], 'UnknownOperationException'],
  ['REST with JSON', ['lambda', 'list-functions'], 'UnknownOperationException'],
  [
    'REST with JSON',
    ['ebs', 'list-snapshot-blocks', '--snapshot-id', 'snap-0aaaaaaaaaaaaaaa1'],
    'UnknownOperationException',
  ],
  ['REST with XML', ['s3api', 'list-buckets'], 'NotImplemented'],
  ['REST with XML', ['route53', 'list-hosted-zones'], 'UnknownOperationException'],
  ['Query', ['iam', 'list-users'], 'UnsupportedOperation'],
  ['Query', ['cloudformation', 'list-stacks'], 'UnsupportedOperation'],
] as const;

test.each(unserved)('%s: %j learns that the service is not served', async (_, args, code) => {
  const { stderr } = await awsCli(server, ...args);
  const [service = ''] = args;
  const name = service === 's3api' ? 's3' : service;
  expect(stderr).toContain(`An error occurred (${code}) when calling`);
  expect(stderr).toContain(`The service '${name}' is not served here`);
});
