import { Readable } from 'node:stream';
import type { Reply, ReplyBody } from '../src/message.ts';
import type { SignedRequest } from './verify-request.ts';

export const exampleCredentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};

/** An SDK client's module, such as `@aws-sdk/client-ec2`. */
export type Sdk = Readonly<Record<string, unknown>>;

/** Replies to a request of the SDK in its own process: no socket. */
export type Respond = (request: SignedRequest) => Reply | Promise<Reply>;

interface SdkClient {
  send(command: object): Promise<{ readonly $metadata: object }>;
}

/** A real client that serialises, signs and parses, and whose requests `respond` answers. */
export function sdkClient(sdk: Sdk, respond: Respond): SdkClient {
  const name = Object.keys(sdk).find((key) => /^(?!__)\w+Client$/.test(key)) ?? '';
  const Client = sdk[name] as new (options: object) => SdkClient;
  return new Client({
    region: 'eu-central-1',
    endpoint: 'http://127.0.0.1:4566',
    credentials: exampleCredentials,
    maxAttempts: 1,
    requestHandler: requestHandler(respond),
    // S3's only: no bucket in the host name, and no checksums that nobody asked for.
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
}

/** The SDK's command of an operation. */
export function sdkCommand(sdk: Sdk, operation: string, input: object): object {
  const Command = sdk[`${operation}Command`] as new (input: object) => object;
  return new Command(input);
}

function requestHandler(respond: Respond) {
  return {
    async handle(request: SdkRequest) {
      const { status, headers, body } = await respond(await signedRequest(request));
      const readable = Readable.from([await bytesOf(body)]);
      return { response: { statusCode: status, headers: { ...headers }, body: readable } };
    },
  };
}

export async function bytesOf(body: ReplyBody): Promise<Buffer> {
  if (typeof body === 'string' || body instanceof Uint8Array) return Buffer.from(body);
  const parts: Buffer[] = [];
  for await (const part of body) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

/** What of the SDK's `HttpRequest` is sent. */
export interface SdkRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | string[] | null>> | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export async function signedRequest(request: SdkRequest): Promise<SignedRequest> {
  const query = Object.entries(request.query ?? {}).flatMap(([name, values]) =>
    [values]
      .flat()
      .map((value) => `${encodeURIComponent(name)}=${encodeURIComponent(value ?? '')}`),
  );
  const headers = Object.entries(request.headers).map(([name, value]) => [
    name.toLowerCase(),
    value,
  ]);
  return {
    method: request.method,
    path: request.path,
    rawQuery: query.join('&'),
    headers: Object.fromEntries(headers),
    body: await requestBytes(request.body),
  };
}

async function requestBytes(body: unknown): Promise<Uint8Array> {
  if (body === undefined || body === null) return new Uint8Array();
  if (typeof body === 'string') return new TextEncoder().encode(body);
  if (body instanceof Uint8Array) return Uint8Array.from(body);
  if (typeof body === 'object' && Symbol.asyncIterator in body) {
    return bytesOf(body as AsyncIterable<Uint8Array>);
  }
  throw new Error('the SDK sent a body of an unknown kind');
}
