import {
  type Ec2OperationName,
  type Ec2Output,
  ec2ApiVersion,
  ec2Shapes,
} from '@bakehouse/aws-model';
import { escapeXml } from './escape-xml.ts';
import { structureEncoder } from './structure-encoder.ts';

export const xmlContentType = 'text/xml;charset=UTF-8';
const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
const namespace = `http://ec2.amazonaws.com/doc/${ec2ApiVersion}/`;

/**
 * EC2's answer: `<OpNameResponse><requestId/>…`. An operation that answers nothing says
 * `<return>true</return>`, as EC2 does.
 */
export function encodeEc2Response<Name extends Ec2OperationName>(
  action: Name,
  output: Ec2Output<Name>,
  requestId: string,
): string {
  const shape = ec2Shapes.output(action);
  const content =
    shape.members.length === 0 ? '<return>true</return>' : structureEncoder(shape)(output);
  const head = `${declaration}<${action}Response xmlns="${namespace}">`;
  return `${head}<requestId>${escapeXml(requestId)}</requestId>${content}</${action}Response>`;
}

/** EC2's error envelope; `RequestID` is spelled so here and `requestId` in answers. */
export function encodeEc2Error(error: WireError, requestId: string): string {
  const code = `<Code>${escapeXml(error.code)}</Code>`;
  const message = `<Message>${escapeXml(error.message)}</Message>`;
  const errors = `<Errors><Error>${code}${message}</Error></Errors>`;
  const id = `<RequestID>${escapeXml(requestId)}</RequestID>`;
  return `${declaration}<Response>${errors}${id}</Response>`;
}

/** What of an `ApiError` the caller sees. */
export interface WireError {
  readonly code: string;
  readonly message: string;
}
