import { Readable } from 'node:stream';
import * as sdk from '@aws-sdk/client-ec2';
import { STSClient } from '@aws-sdk/client-sts';
import type { Ec2OperationName } from '@bakehouse/aws-model';
import type { SignedRequest } from '../src/sigv4/signed-request.ts';

export const exampleCredentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Answers a request of the SDK in its own process: no socket. */
export type Respond = (request: SignedRequest) => Answer | Promise<Answer>;

/** A real EC2 client that serialises, signs and parses, and whose requests `respond` answers. */
export function sdkEc2Client(respond: Respond): sdk.EC2Client {
  return new sdk.EC2Client(clientConfiguration(respond));
}

type Ec2Command = Parameters<sdk.EC2Client['send']>[0];

/** The SDK's command of an operation, for tests that go through all operations. */
export function sdkCommand(name: Ec2OperationName, input: object): Ec2Command {
  const commands = new Map<string, unknown>(Object.entries(sdk));
  return new (commands.get(`${name}Command`) as new (input: object) => Ec2Command)(input);
}

export function sdkStsClient(respond: Respond): STSClient {
  return new STSClient(clientConfiguration(respond));
}

function clientConfiguration(respond: Respond) {
  return {
    region: 'eu-central-1',
    endpoint: 'http://127.0.0.1:4566',
    credentials: exampleCredentials,
    maxAttempts: 1,
    requestHandler: {
      async handle(request: SdkRequest) {
        const { status, body } = await respond(signedRequest(request));
        const headers = { 'content-type': 'text/xml;charset=UTF-8' };
        return {
          response: { statusCode: status, headers, body: Readable.from([Buffer.from(body)]) },
        };
      },
    },
  };
}

/** What of the SDK's `HttpRequest` goes over the wire. */
export interface SdkRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | string[] | null>> | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export function signedRequest(request: SdkRequest): SignedRequest {
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
    body: new TextEncoder().encode(typeof request.body === 'string' ? request.body : ''),
  };
}
