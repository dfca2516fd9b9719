import { expect, test } from 'vitest';
import { runClient, startSimulated } from './server-process.ts';

/** Signature Version 2 lies in the form, and names no region: that is in the host's name. */
const script = `
import boto3, botocore, sys
from botocore.config import Config
ec2 = boto3.client('ec2', endpoint_url=sys.argv[1], config=Config(signature_version='v2'))
try:
    zones = ec2.describe_availability_zones()['AvailabilityZones']
    print(zones[0]['RegionName'], len(ec2.describe_images(Owners=['self'])['Images']))
except botocore.exceptions.ClientError as error:
    print(error.response['Error']['Code'], error.response['Error']['Message'])
`;

async function output(auth: 'open' | 'strict'): Promise<string> {
  const server = await startSimulated('--auth', auth);
  try {
    const url = server.url.replace('127.0.0.1', 'localhost');
    return (await runClient(server, ['/usr/bin/python3', '-c', script, url])).stdout;
  } finally {
    await server.stop();
  }
}

test('boto3 with Signature Version 2 is accepted by a server that verifies no signature', async () => {
  expect(await output('open')).toBe('us-east-1 0\n');
});

test('and refused, with the way out, by one that verifies signatures', async () => {
  expect(await output('strict')).toMatch(
    /^MissingAuthenticationToken .*Signature Version 2 .*--auth open/,
  );
});
