import type { HttpBinding, XmlNamespace } from '../src/shape.ts';

/**
 * The SDK's schema arrays, read defensively: `[3, namespace, name, traits, memberNames,
 * memberSchemas, requiredCount?]` is a structure, 4 a union, -3 an error; `[1, …, traits, element]`
 * a list, `[2, …, traits, key, value]` a map, `[0, …, traits, simple]` a named scalar, `[9, …,
 * traits, input, output]` an operation. A number is a simple type, from 64 on a list and from 128 on
 * a map of one; a pair is a schema with member traits. See `@smithy/types`, `StaticSchema`.
 */
export type SchemaRef = unknown;

export interface Traits {
  readonly xmlName?: string;
  readonly ec2QueryName?: string;
  readonly namespace?: XmlNamespace;
  readonly binding?: HttpBinding;
  readonly flattened: boolean;
  readonly attribute: boolean;
  readonly sensitive: boolean;
  readonly idempotencyToken: boolean;
}

export interface StructureSchema {
  readonly kind: 'structure';
  readonly name: string;
  readonly isUnion: boolean;
  readonly members: readonly { readonly name: string; readonly schema: SchemaRef }[];
  readonly requiredCount: number;
}

export interface ListSchema {
  readonly kind: 'list';
  /** Empty for a list of a simple type, which has no name. */
  readonly name: string;
  readonly element: SchemaRef;
}

export interface MapSchema {
  readonly kind: 'map';
  /** Empty for a map to a simple type, which has no name. */
  readonly name: string;
  readonly key: SchemaRef;
  readonly value: SchemaRef;
}

export type Schema =
  | StructureSchema
  | ListSchema
  | MapSchema
  | { readonly kind: 'scalar'; readonly code: number }
  | { readonly kind: 'unit' };

export interface ResolvedSchema {
  readonly schema: Schema;
  /** Those of the shape and, over them, those of the member. */
  readonly traits: Traits;
  /** Those of the member alone. */
  readonly memberTraits: Traits;
}

const listModifier = 64;
const mapModifier = 128;

/** Follows thunks and member pairs down to the schema, gathering the traits on the way. */
export function resolveSchema(ref: SchemaRef): ResolvedSchema {
  const traitStack: unknown[] = [];
  let current = dereference(ref);
  while (Array.isArray(current) && current.length === 2) {
    traitStack.push(current[1]);
    current = dereference(current[0]);
  }
  const memberTraits = readTraits(traitStack);
  if (Array.isArray(current)) traitStack.push(current[3]);
  return { schema: schemaOf(current), traits: readTraits(traitStack), memberTraits };
}

/** Traits of an operation or error, by name. */
export function rawTraits(ref: SchemaRef): ReadonlyMap<string, unknown> {
  const schema = dereference(ref);
  const traits = Array.isArray(schema) ? schema[3] : undefined;
  return new Map(typeof traits === 'object' && traits !== null ? Object.entries(traits) : []);
}

function dereference(ref: SchemaRef): SchemaRef {
  return typeof ref === 'function' ? dereference(ref()) : ref;
}

function schemaOf(value: unknown): Schema {
  if (value === 'unit') return { kind: 'unit' };
  if (typeof value === 'number') return simpleSchema(value);
  if (!Array.isArray(value)) throw new Error(`not a schema: ${String(value)}`);
  const [code, , name, , head, tail, requiredCount] = value;
  switch (code) {
    case 0:
      return simpleSchema(Number(head));
    case 1:
      return { kind: 'list', name, element: head };
    case 2:
      return { kind: 'map', name, key: head, value: tail };
    case 3:
    case 4:
    case -3:
      return {
        kind: 'structure',
        name,
        isUnion: code === 4,
        members: [...head].map((member: string, i) => ({ name: member, schema: tail[i] })),
        requiredCount: requiredCount ?? 0,
      };
    default:
      throw new Error(`schema ${name} has kind ${code}, which the codecs do not know`);
  }
}

function simpleSchema(code: number): Schema {
  if (code < listModifier) return { kind: 'scalar', code };
  if (code < mapModifier) return { kind: 'list', name: '', element: code - listModifier };
  return { kind: 'map', name: '', key: 0, value: code - mapModifier };
}

/** In the order of the SDK's bit vector of traits, see `TraitBitVector`. */
const bitTraits = [
  'httpLabel',
  'idempotent',
  'idempotencyToken',
  'sensitive',
  'httpPayload',
  'httpResponseCode',
  'httpQueryParams',
] as const;

/** Those that say nothing about how a shape is written. */
const ignoredTraits: ReadonlySet<string> = new Set([
  'awsQueryError',
  'contextParam',
  'endpoint',
  'error',
  'eventPayload',
  'hostLabel',
  'http',
  'httpChecksum',
  'httpError',
  'idempotent',
  'streaming',
]);

/** The first of the stack is the member's own and wins. */
function readTraits(stack: readonly unknown[]): Traits {
  const named = new Map<string, unknown>();
  for (const item of stack.toReversed()) {
    for (const [name, value] of traitEntries(item)) named.set(name, value);
  }
  const text = (name: string) => {
    const value = named.get(name);
    return typeof value === 'string' ? value : undefined;
  };
  const xmlName = text('xmlName');
  const ec2QueryName = text('ec2QueryName');
  const namespace = named.get('xmlNamespace');
  const binding = readBinding(named, text);
  const unknown = [...named.keys()].find((name) => !knownTraits.has(name));
  if (unknown !== undefined) throw new Error(`the codecs do not know the trait ${unknown}`);
  return {
    ...(xmlName !== undefined && { xmlName }),
    ...(ec2QueryName !== undefined && { ec2QueryName }),
    ...(Array.isArray(namespace) && { namespace: { prefix: namespace[0], uri: namespace[1] } }),
    ...(binding !== undefined && { binding }),
    flattened: named.has('xmlFlattened'),
    attribute: named.has('xmlAttribute'),
    sensitive: named.has('sensitive'),
    idempotencyToken: named.has('idempotencyToken'),
  };
}

function traitEntries(item: unknown): (readonly [string, unknown])[] {
  if (typeof item === 'number') {
    return bitTraits.filter((_, bit) => (item >> bit) & 1).map((name) => [name, 1] as const);
  }
  return item !== null && typeof item === 'object' ? Object.entries(item) : [];
}

const unnamedBindings = {
  httpLabel: 'label',
  httpPayload: 'payload',
  httpResponseCode: 'statusCode',
  httpQueryParams: 'queryMap',
} as const;
const namedBindings = {
  httpQuery: 'query',
  httpHeader: 'header',
  httpPrefixHeaders: 'prefixHeaders',
} as const;

const knownTraits: ReadonlySet<string> = new Set([
  ...ignoredTraits,
  ...Object.keys(unnamedBindings),
  ...Object.keys(namedBindings),
  'ec2QueryName',
  'idempotencyToken',
  'sensitive',
  'xmlAttribute',
  'xmlFlattened',
  'xmlName',
  'xmlNamespace',
]);

function readBinding(
  named: ReadonlyMap<string, unknown>,
  text: (name: string) => string | undefined,
): HttpBinding | undefined {
  for (const [trait, kind] of Object.entries(unnamedBindings)) {
    if (named.has(trait)) return { kind };
  }
  for (const [trait, kind] of Object.entries(namedBindings)) {
    const name = text(trait);
    if (name !== undefined) return { kind, name };
  }
  return undefined;
}
