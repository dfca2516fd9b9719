import type { ModelData, ProtocolName } from '../src/service-model.ts';
import {
  type MemberNotation,
  type ScalarNotation,
  scalarLetter,
  writeEnum,
  writeList,
  writeMap,
  writeStructure,
  writeUnnamed,
} from '../src/shape-notation.ts';
import { clientFacts } from './client-facts.ts';
import type { DeclaredEnums } from './declared-enums.ts';
import {
  type ListSchema,
  type MapSchema,
  type ResolvedSchema,
  rawTraits,
  resolveSchema,
  type SchemaRef,
  type StructureSchema,
  type Traits,
} from './sdk-schema.ts';
import { enumLikeMembers, fractionalMembers, membersBeyondEnum } from './unmodelled-members.ts';

type Sdk = Readonly<Record<string, unknown>>;

const scalars: ReadonlyMap<number, ScalarNotation> = new Map([
  [0, { kind: 'string' }],
  [1, { kind: 'integer' }],
  [2, { kind: 'boolean' }],
  [4, { kind: 'timestamp' }],
  [5, { kind: 'timestamp', format: 'date-time' }],
  [6, { kind: 'timestamp', format: 'http-date' }],
  [7, { kind: 'timestamp', format: 'epoch-seconds' }],
  [21, { kind: 'blob' }],
  [42, { kind: 'stream' }],
]);

export interface ModelOptions {
  readonly enums: DeclaredEnums;
  /** The operations whose shapes the table holds; all of them unless given. */
  readonly operations?: readonly string[];
}

/** The table of a service, from all that its SDK client's module exports. */
export function modelData(sdk: Sdk, { enums, operations: wanted }: ModelOptions): ModelData {
  const facts = clientFacts(sdk);
  const writer = { written: new Map<string, string>(), protocol: facts.protocol, enums };
  const operations = new Map<string, string>();
  const others: string[] = [];
  for (const operation of operationsOf(sdk)) {
    const { name, input, output } = operation;
    if (wanted?.includes(name) === false) others.push(name);
    else {
      const place = { owner: name };
      const sides = `${typeOf(writer, input, place)} ${typeOf(writer, output, place)}`;
      const http = facts.protocol.startsWith('rest') ? ` ${httpOf(operation)}` : '';
      operations.set(name, `${sides}${http}`);
    }
  }
  const errors = errorsOf(sdk, facts.protocol).map(({ schema, code, status }) => {
    return [typeOf(writer, schema, { owner: code }), `${status} ${code}`] as const;
  });
  return {
    ...facts,
    operations: sortedRecord(operations),
    others: others.sort().join(' '),
    errors: sortedRecord(new Map(errors)),
    shapes: sortedRecord(writer.written),
  };
}

/** Writes shapes as they are met, each once. */
interface ShapeWriter {
  readonly written: Map<string, string>;
  readonly protocol: ProtocolName;
  readonly enums: DeclaredEnums;
}

/** Where a schema is met: the member that has it, and the enum of that member's strings. */
interface Place {
  readonly owner: string;
  readonly enumName?: string | undefined;
}

/** A recursive shape must find itself; names must not look like a scalar's letter. */
function once({ written }: ShapeWriter, name: string, write: () => string): string {
  if (written.has(name)) return name;
  if (!/^\w{2,}$/.test(name)) throw new Error(`the notation has no room for shape ${name}`);
  written.set(name, '');
  written.set(name, write());
  return name;
}

function typeOf(writer: ShapeWriter, ref: SchemaRef, place: Place): string {
  const { schema, traits } = resolveSchema(ref);
  switch (schema.kind) {
    case 'unit':
      return '-';
    case 'scalar':
      return scalarType(writer, schema.code, place);
    case 'list':
      return listType(writer, schema, traits, place);
    case 'map':
      return mapType(writer, schema, traits, place);
    case 'structure':
      return once(writer, schema.name, () => {
        const xmlName = rawTraits(ref).get('xmlName');
        return writeStructure({
          isUnion: schema.isUnion,
          ...(typeof xmlName === 'string' && { xmlName }),
          members: membersOf(writer, schema),
        });
      });
  }
}

function scalarType(writer: ShapeWriter, code: number, { owner, enumName }: Place): string {
  const scalar = scalars.get(code);
  if (scalar === undefined) throw new Error(`${owner}: simple schema ${code} is not known`);
  const values = enumName === undefined ? undefined : writer.enums.valuesOf(enumName);
  if (enumName !== undefined && values !== undefined && scalar.kind === 'string') {
    return once(writer, enumName, () => writeEnum(values));
  }
  return scalarLetter(withFraction(scalar, writer.protocol, owner));
}

function listType(writer: ShapeWriter, schema: ListSchema, traits: Traits, place: Place): string {
  const { owner, enumName } = place;
  if (schema.name === '' && enumName === undefined) {
    return writeUnnamed('list', typeOf(writer, schema.element, { owner }));
  }
  const name = schema.name === '' ? `${enumName}UnnamedList` : schema.name;
  return once(writer, name, () => {
    const element = resolveSchema(schema.element).traits;
    return writeList({
      elementType: typeOf(writer, schema.element, place),
      elementName: element.xmlName ?? 'member',
      sensitive: element.sensitive || traits.sensitive,
    });
  });
}

function mapType(writer: ShapeWriter, schema: MapSchema, traits: Traits, { owner }: Place): string {
  if (schema.name === '') return writeUnnamed('map', typeOf(writer, schema.value, { owner }));
  return once(writer, schema.name, () => {
    const [key, value] = [schema.key, schema.value].map((side) => resolveSchema(side).traits);
    return writeMap({
      keyType: typeOf(writer, schema.key, { owner }),
      keyName: key?.xmlName ?? 'key',
      valueType: typeOf(writer, schema.value, { owner }),
      valueName: value?.xmlName ?? 'value',
      sensitive: value?.sensitive === true || traits.sensitive,
    });
  });
}

function membersOf(writer: ShapeWriter, schema: StructureSchema): MemberNotation[] {
  return schema.members.map((member, index) => {
    const { traits, memberTraits } = resolveSchema(member.schema);
    const owner = `${schema.name}.${member.name}`;
    const enumName = membersBeyondEnum.has(owner)
      ? undefined
      : (enumLikeMembers.get(owner) ?? writer.enums.enumOf(schema.name, member.name));
    return {
      name: member.name,
      queryName: queryName(member.name, memberTraits, writer.protocol),
      xmlName: elementOf(member.name, resolveSchema(member.schema)),
      type: typeOf(writer, member.schema, { owner, enumName }),
      required: index < schema.requiredCount,
      sensitive: traits.sensitive,
      idempotencyToken: traits.idempotencyToken,
      flattened: traits.flattened,
      attribute: traits.attribute,
      ...(traits.namespace && { namespace: traits.namespace }),
      ...(memberTraits.binding && { binding: memberTraits.binding }),
    };
  });
}

/** A structure that is the whole body has its own element, unless the member names another. */
function elementOf(name: string, { schema, traits, memberTraits }: ResolvedSchema): string {
  if (memberTraits.binding?.kind !== 'payload' || schema.kind !== 'structure') {
    return memberTraits.xmlName ?? name;
  }
  return traits.xmlName ?? schema.name;
}

/**
 * The schemas call whole and fractional numbers both "numeric". JSON and HTTP headers write them
 * alike; where a service is known to take whole numbers only, others are refused.
 */
function withFraction(
  scalar: ScalarNotation,
  protocol: ProtocolName,
  owner: string,
): ScalarNotation {
  const isNumber = !protocol.endsWith('Query') || fractionalMembers.has(owner);
  return scalar.kind === 'integer' && isNumber ? { kind: 'number' } : scalar;
}

function queryName(name: string, traits: Traits, protocol: ProtocolName): string {
  if (!protocol.endsWith('Query')) return name;
  const plain = traits.xmlName ?? name;
  if (protocol !== 'ec2Query') return plain;
  return traits.ec2QueryName ?? plain.slice(0, 1).toUpperCase() + plain.slice(1);
}

interface OperationSchema {
  readonly name: string;
  readonly input: SchemaRef;
  readonly output: SchemaRef;
  readonly http: unknown;
}

function operationsOf(sdk: Sdk): OperationSchema[] {
  return Object.values(sdk)
    .filter((value) => Array.isArray(value) && value[0] === 9)
    .map((value) => {
      const [, , name, , input, output] = value as readonly SchemaRef[];
      return { name: String(name), input, output, http: rawTraits(value).get('http') };
    });
}

/**
 * S3's URIs leave out the bucket, which is in the host name or, in path style, comes first: a label
 * that the URI lacks is the first part of the path.
 */
function httpOf({ name, input, http }: OperationSchema): string {
  if (!Array.isArray(http)) throw new Error(`${name} has no HTTP trait`);
  const [method, uri, status] = http;
  const { schema } = resolveSchema(input);
  const members = schema.kind === 'structure' ? schema.members : [];
  const labels = members.filter(
    (member) => resolveSchema(member.schema).memberTraits.binding?.kind === 'label',
  );
  const left = labels.filter((label) => !new RegExp(`\\{${label.name}\\+?\\}`).test(uri));
  const first = left.map((label) => `/{${label.name}}`).join('');
  return `${method} ${first}${first !== '' && /^\/(?:\?|$)/.test(uri) ? uri.slice(1) : uri} ${status}`;
}

/** The codes and statuses of the Query protocol are its own; elsewhere an error is named as its shape. */
function errorsOf(sdk: Sdk, protocol: ProtocolName) {
  return Object.values(sdk)
    .filter((value) => Array.isArray(value) && value[0] === -3 && !isBaseException(value))
    .map((schema) => {
      const traits = rawTraits(schema);
      const queryError = protocol.endsWith('Query') ? traits.get('awsQueryError') : undefined;
      const [queryCode, queryStatus] = pairOf(queryError);
      const status = queryStatus ?? traits.get('httpError') ?? defaultStatus(traits.get('error'));
      const name = String((schema as readonly unknown[])[2]);
      return { schema, code: String(queryCode ?? name), status: Number(status) };
    });
}

/** The SDK's own class of all of a client's errors is none of the service's. */
function isBaseException(schema: readonly unknown[]): boolean {
  return String(schema[1]).startsWith('smithy.ts.sdk.synthetic');
}

function pairOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function defaultStatus(fault: unknown): number {
  return fault === 'server' ? 500 : 400;
}

function sortedRecord(entries: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}
