import type { ServiceModel } from '@bakehouse/aws-model';
import { type Reply, wholeBody } from '../src/message.ts';
import { protocols } from '../src/protocols.ts';
import { bytesOf, exampleCredentials, type Sdk, sdkClient, sdkCommand } from './sdk-exchange.ts';
import { type SignedRequest, verifyRequest } from './verify-request.ts';

/** A service as the tests of protocols need it: its model and its SDK's client. */
export interface TestedService {
  readonly sdk: Sdk;
  readonly model: ServiceModel;
}

export interface UnderstoodRequest {
  readonly operation: string;
  readonly input: object;
}

/** Of STS: what is sent is proof enough. */
const unsignedOperations: ReadonlySet<string> = new Set([
  'AssumeRoleWithSAML',
  'AssumeRoleWithWebIdentity',
]);

const verifyOptions = {
  get now() {
    return Date.now();
  },
  findSecret: async () => ({ secret: exampleCredentials.secretAccessKey, accountId: '1' }),
};

/** What our decoder makes of a whole request. */
export async function decodedRequest(
  model: ServiceModel,
  request: SignedRequest,
): Promise<UnderstoodRequest> {
  const { open } = protocols[model.protocol];
  const call = await open(model, request, wholeBody(request.body));
  return { operation: call.operation, input: await withBytes(await call.decode()) };
}

/** What our decoder and signature check make of a request that the SDK wrote. */
export async function understoodRequest(
  { sdk, model }: TestedService,
  operation: string,
  input: object,
): Promise<UnderstoodRequest | undefined> {
  let understood: UnderstoodRequest | undefined;
  const noAnswer = new Error('the request is all that is of interest');
  const client = sdkClient(sdk, async (request) => {
    if (!unsignedOperations.has(operation)) await verifyRequest(request, verifyOptions);
    understood = await decodedRequest(model, request);
    throw noAnswer;
  });
  await client.send(sdkCommand(sdk, operation, input)).catch((error: unknown) => {
    if (error !== noAnswer) throw error;
  });
  return understood;
}

/** What the SDK makes of our answer to a request of its own. */
export async function understoodAnswer(
  { sdk, model }: TestedService,
  operation: string,
  input: object,
  output: object,
): Promise<object> {
  const shape = model.find(operation);
  if (shape === undefined) throw new Error(`the model has no ${operation}`);
  const reply = protocols[model.protocol].encode(model, shape, output, 'request-1');
  const { $metadata, ...rest } = await answered({ sdk, model }, operation, input, reply);
  return withBytes(rest);
}

/** What the SDK makes of any reply. */
export function answered({ sdk }: TestedService, operation: string, input: object, reply: Reply) {
  return sdkClient(sdk, () => reply).send(sdkCommand(sdk, operation, input));
}

/** Streams become the bytes in them, so that values can be compared. */
async function withBytes(value: object): Promise<object> {
  const entries = Object.entries(value).map(async ([name, inner]) => {
    const isStream = typeof inner === 'object' && inner !== null && Symbol.asyncIterator in inner;
    return [name, isStream ? new Uint8Array(await bytesOf(inner)) : inner] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
