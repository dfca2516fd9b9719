import { expect, test } from 'vitest';
import { requestHead } from '../test-support/example-model.ts';
import { guessProtocol } from './guess-protocol.ts';

const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
const json = (version: string) => ({
  'content-type': `application/x-amz-json-${version}`,
  'x-amz-target': 'DynamoDB_20120810.ListTables',
});

test.each([
  ['ec2', { headers: {} }, 'ec2Query'],
  ['s3', { method: 'GET', headers: {} }, 'restXml'],
  ['route53', { method: 'GET', headers: {} }, 'restXml'],
  ['autoscaling', { headers: form }, 'awsQuery'],
  ['sns', { method: 'GET', rawQuery: 'Version=1&Action=ListTopics' }, 'awsQuery'],
  ['dynamodb', { headers: json('1.0') }, 'awsJson1_0'],
  ['kms', { headers: json('1.1') }, 'awsJson1_1'],
  ['lambda', { method: 'GET', path: '/2015-03-31/functions' }, 'restJson1'],
  ['eks', { headers: { 'content-type': 'application/json' } }, 'restJson1'],
])('a client of %s writing %o speaks %s', (service, head, protocol) => {
  expect(guessProtocol(service, requestHead(head))).toBe(protocol);
});
