import type { HttpBinding, Member, OperationShape, Shape } from '@bakehouse/aws-model';
import { invariant } from '@bakehouse/base';
import type { Reply, ReplyBody } from '../message.ts';
import { encodeBlob, encodeNumber, encodeTimestamp } from '../scalars/encode-scalar.ts';
import { joinHeaderList } from './header-list.ts';

export interface BodyEncoder {
  readonly contentType: string;
  /** The members of the output that are not bound elsewhere. */
  encodeBody(operation: OperationShape, output: object): string;
  encodePayload(member: Member, value: object): string;
}

/** Splits an output into status, headers and body, as its members are bound. */
export function encodeRest(
  operation: OperationShape,
  output: object,
  requestHeaders: Readonly<Record<string, string>>,
  encoder: BodyEncoder,
): Reply {
  const bound = boundMembers(operation, output);
  const status = bound.find(({ kind }) => kind === 'statusCode')?.value;
  const { body, contentType } = bodyOf(operation, output, bound, encoder);
  return {
    status: typeof status === 'number' ? status : (operation.http?.status ?? 200),
    headers: {
      ...(contentType !== undefined && { 'content-type': contentType }),
      ...Object.fromEntries(bound.flatMap(headersOf)),
      ...requestHeaders,
    },
    body,
  };
}

interface BoundMember {
  readonly member: Member;
  readonly kind: HttpBinding['kind'];
  readonly value: unknown;
}

function boundMembers({ output: shape }: OperationShape, output: object): BoundMember[] {
  return Object.entries(output).flatMap(([name, value]) => {
    const member = shape.memberByName(name);
    if (member?.binding === undefined || value === undefined || value === null) return [];
    return [{ member, kind: member.binding.kind, value }];
  });
}

function headersOf({ member, value }: BoundMember): [string, string][] {
  const { binding, shape } = member;
  if (binding?.kind === 'header') {
    return [[binding.name.toLowerCase(), headerText(shape, value)]];
  }
  if (binding?.kind !== 'prefixHeaders' || typeof value !== 'object' || value === null) return [];
  return Object.entries(value).map(([key, text]) => {
    return [`${binding.name}${key}`.toLowerCase(), String(text)];
  });
}

function bodyOf(
  operation: OperationShape,
  output: object,
  bound: readonly BoundMember[],
  encoder: BodyEncoder,
): TypedBody {
  const payload = bound.find(({ kind }) => kind === 'payload');
  if (payload !== undefined) return payloadBody(payload.member, payload.value, encoder);
  const hasBody = operation.output.members.some((member) => member.binding === undefined);
  if (!hasBody) return { body: '' };
  return { body: encoder.encodeBody(operation, output), contentType: encoder.contentType };
}

interface TypedBody {
  readonly body: ReplyBody;
  readonly contentType?: string;
}

function payloadBody(member: Member, value: unknown, encoder: BodyEncoder): TypedBody {
  switch (member.shape.kind) {
    case 'structure':
      invariant(typeof value === 'object' && value !== null, 'a structure is an object');
      return { body: encoder.encodePayload(member, value), contentType: encoder.contentType };
    case 'string':
      return { body: String(value), contentType: 'text/plain' };
    default:
      return { body: binaryBody(value), contentType: 'application/octet-stream' };
  }
}

function binaryBody(value: unknown): ReplyBody {
  if (value instanceof Uint8Array) return value;
  invariant(isByteStream(value), 'a binary body is bytes or a stream of them');
  return value;
}

function isByteStream(value: unknown): value is AsyncIterable<Uint8Array> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function headerText(shape: Shape, value: unknown): string {
  switch (shape.kind) {
    case 'list': {
      invariant(Array.isArray(value), 'the value of a list is an array');
      const items = value.map((item) => headerText(shape.element, item));
      return shape.element.kind === 'timestamp' ? items.join(', ') : joinHeaderList(items);
    }
    case 'timestamp':
      return encodeTimestamp(value, shape.format ?? 'http-date');
    case 'blob':
      return encodeBlob(value);
    case 'integer':
    case 'number':
      return encodeNumber(value);
    default:
      return String(value);
  }
}
