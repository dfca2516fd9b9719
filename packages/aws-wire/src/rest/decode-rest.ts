import type { HttpBinding, Member, Shape, StructureShape } from '@bakehouse/aws-model';
import { apiError } from '@bakehouse/domain';
import { bodyProblems } from '../body-problems.ts';
import { headerValue, type RequestBody, type RequestHead } from '../message.ts';
import { queryParameters } from '../query-string.ts';
import { decodeScalar, shown } from '../scalars/decode-scalar.ts';
import { splitHeaderDates, splitHeaderList } from './header-list.ts';
import type { RouteMatch } from './routes.ts';

/** How a REST protocol writes structures in bodies. */
export interface BodyCodec {
  readonly contentType: string;
  /** The members of a body, of a shape of which others may be bound elsewhere. */
  decode(shape: StructureShape, body: Uint8Array): Record<string, unknown>;
  /** The structure that is the whole body, in an element of the given name where there are elements. */
  decodePayload(member: Member, shape: StructureShape, body: Uint8Array): object;
}

/** What every request may have in its query in addition to its operation's parameters. */
const commonQuery =
  /^(?:x-id|x-amz-(?:algorithm|content-sha256|credential|date|expires|security-token|signature|signedheaders|user-agent))$/i;

/**
 * The operation's input, from all parts of the request. A streamed body is handed on as a stream.
 * Throws `UnknownParameter` for what is unknown in query and body, `MissingParameter` and
 * `InvalidParameterValue`.
 */
export async function decodeRest(
  { operation, labels }: RouteMatch,
  head: RequestHead,
  body: RequestBody,
  codec: BodyCodec,
): Promise<Record<string, unknown>> {
  const { input } = operation;
  const query = Map.groupBy(queryParameters(head.rawQuery), ([name]) => name);
  checkQuery(input, query, operation.http?.uri ?? '');
  const found = new Map<string, unknown>();
  for (const member of input.members.filter((one) => one.binding !== undefined)) {
    const value = boundValue(member, { labels, query, head });
    if (value !== undefined) found.set(member.name, value);
  }
  const payload = input.members.find((member) => member.binding?.kind === 'payload');
  if (payload !== undefined) {
    const value = await payloadValue(payload, body, codec);
    if (value !== undefined) found.set(payload.name, value);
  } else if (input.members.some((member) => member.binding === undefined)) {
    const inBody = codec.decode(input, await body.bytes());
    for (const [name, value] of Object.entries(inBody)) found.set(name, value);
  } else await refuseBody(body);
  const missing = input.members.find((member) => member.required && !found.has(member.name));
  if (missing !== undefined) throw apiError('MissingParameter', { parameter: missing.name });
  return Object.fromEntries(found);
}

interface Parts {
  readonly labels: ReadonlyMap<string, string>;
  readonly query: ReadonlyMap<string, readonly (readonly [string, string])[]>;
  readonly head: RequestHead;
}

function checkQuery(input: StructureShape, query: Parts['query'], uri: string): void {
  const hasMap = input.members.some((member) => member.binding?.kind === 'queryMap');
  if (hasMap) return;
  const known = new Set([...namesOf(input, 'query'), ...fixedNames(uri)]);
  const unknown = [...query.keys()].find((name) => !known.has(name) && !commonQuery.test(name));
  if (unknown !== undefined) throw apiError('UnknownParameter', { parameter: shown(unknown) });
}

function namesOf(input: StructureShape, kind: HttpBinding['kind']): string[] {
  return input.members.flatMap(({ binding }) =>
    binding?.kind === kind && 'name' in binding ? [binding.name] : [],
  );
}

function fixedNames(uri: string): string[] {
  return queryParameters(uri.split('?')[1] ?? '').map(([name]) => name);
}

function boundValue(member: Member, { labels, query, head }: Parts): unknown {
  const { binding } = member;
  switch (binding?.kind) {
    case 'label':
      return textValue(member, labels.get(member.name));
    case 'query': {
      const values = query.get(binding.name)?.map(([, value]) => value);
      return values && valuesOf(member, values);
    }
    case 'queryMap':
      return Object.fromEntries([...query].map(([name, [pair]]) => [name, pair?.[1]]));
    case 'header':
      return headerOf(member, headerValue(head.headers, binding.name.toLowerCase()));
    case 'prefixHeaders':
      return prefixedHeaders(head, binding.name.toLowerCase());
    default:
      return undefined;
  }
}

function textValue(member: Member, value: string | undefined): unknown {
  if (value === undefined) return undefined;
  return scalarOf(member.shape, member, value);
}

function valuesOf(member: Member, values: readonly string[]): unknown {
  const { shape } = member;
  if (shape.kind === 'list') return values.map((value) => scalarOf(shape.element, member, value));
  const [value, surplus] = values;
  if (surplus !== undefined) {
    throw apiError('InvalidParameterValue', { message: bodyProblems.twice(member.name) });
  }
  return textValue(member, value);
}

function headerOf(member: Member, value: string | undefined): unknown {
  const { shape } = member;
  if (value === undefined || shape.kind !== 'list') return textValue(member, value);
  const split = shape.element.kind === 'timestamp' ? splitHeaderDates : splitHeaderList;
  return split(value).map((item) => scalarOf(shape.element, member, item));
}

/** None of them is the same as an empty map, which the client cannot distinguish. */
function prefixedHeaders(head: RequestHead, prefix: string): object | undefined {
  const names = Object.keys(head.headers).filter((name) => name.startsWith(prefix));
  if (names.length === 0) return undefined;
  return Object.fromEntries(
    names.map((name) => [name.slice(prefix.length), headerValue(head.headers, name) ?? '']),
  );
}

function scalarOf(shape: Shape, { name, sensitive }: Member, value: string): unknown {
  switch (shape.kind) {
    case 'structure':
    case 'list':
    case 'map':
    case 'stream':
      throw apiError('UnknownParameter', { parameter: name });
    default:
      return decodeScalar(shape.kind, { name, value }, sensitive);
  }
}

async function payloadValue(member: Member, body: RequestBody, codec: BodyCodec): Promise<unknown> {
  const { shape } = member;
  if (shape.kind === 'stream') return body.stream();
  const bytes = await body.bytes();
  if (bytes.byteLength === 0 && !member.required) return undefined;
  switch (shape.kind) {
    case 'structure':
      return codec.decodePayload(member, shape, bytes);
    case 'string':
      return new TextDecoder().decode(bytes);
    default:
      return bytes;
  }
}

/** JSON's SDKs send `{}` where there is nothing to say. */
async function refuseBody(body: RequestBody): Promise<void> {
  const bytes = await body.bytes();
  if (bytes.byteLength === 0 || Buffer.from(bytes).toString() === '{}') return;
  throw apiError('InvalidRequest', { message: 'This operation takes no request body.' });
}
