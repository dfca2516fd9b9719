import { type StsOperationName, stsApiVersion, stsShapes } from '@bakehouse/aws-model';
import type { WireError } from './encode-ec2-response.ts';
import { escapeXml } from './escape-xml.ts';
import { structureEncoder } from './structure-encoder.ts';

export interface CallerIdentity {
  readonly UserId: string;
  readonly Account: string;
  readonly Arn: string;
}

const namespace = `https://sts.amazonaws.com/doc/${stsApiVersion}/`;

/** The answer of STS, in the AWS Query protocol: a result in a response, and metadata after it. */
export function encodeStsResponse(
  action: StsOperationName,
  output: CallerIdentity,
  requestId: string,
): string {
  const content = structureEncoder(stsShapes.output(action))(output);
  const result = `<${action}Result>${content}</${action}Result>`;
  const metadata = `<ResponseMetadata>${requestIdElement(requestId)}</ResponseMetadata>`;
  return `<${action}Response xmlns="${namespace}">${result}${metadata}</${action}Response>`;
}

/** The error envelope of the AWS Query protocol; `Receiver` is the server's fault. */
export function encodeStsError(error: WireError & { status: number }, requestId: string): string {
  const type = error.status >= 500 ? 'Receiver' : 'Sender';
  const code = `<Type>${type}</Type><Code>${escapeXml(error.code)}</Code>`;
  const words = `<Message>${escapeXml(error.message)}</Message>`;
  const id = requestIdElement(requestId);
  return `<ErrorResponse xmlns="${namespace}"><Error>${code}${words}</Error>${id}</ErrorResponse>`;
}

function requestIdElement(requestId: string): string {
  return `<RequestId>${escapeXml(requestId)}</RequestId>`;
}
