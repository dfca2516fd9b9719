import type { Ec2OperationName } from '@bakehouse/aws-model';
import { type DecodedEc2Query, decodeEc2Query } from '../src/query/decode-ec2-query.ts';
import { verifyRequest } from '../src/sigv4/verify-request.ts';
import { exampleCredentials, sdkCommand, sdkEc2Client } from './sdk-exchange.ts';

/** What our decoder and signature check make of a request that the SDK wrote. */
export async function understoodRequest(
  name: Ec2OperationName,
  input: object,
): Promise<DecodedEc2Query | undefined> {
  let decoded: DecodedEc2Query | undefined;
  const client = sdkEc2Client(async (request) => {
    await verifyRequest(request, {
      now: Date.now(),
      findSecret: async () => ({ secret: exampleCredentials.secretAccessKey, accountId: '1' }),
    });
    decoded = decodeEc2Query(request);
    return { status: 200, body: '<Response/>' };
  });
  await client.send(sdkCommand(name, input));
  return decoded;
}
