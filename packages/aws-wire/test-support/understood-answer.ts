import type { Ec2OperationName } from '@bakehouse/aws-model';
import { encodeEc2Response } from '../src/xml/encode-ec2-response.ts';
import { sdkCommand, sdkEc2Client } from './sdk-exchange.ts';

/** What the SDK makes of our answer. */
export async function understoodAnswer(name: Ec2OperationName, output: object): Promise<object> {
  const body = encodeEc2Response(name, output as never, 'request-1');
  const client = sdkEc2Client(() => ({ status: 200, body }));
  const { $metadata, ...rest } = await client.send(sdkCommand(name, {}));
  return rest;
}
