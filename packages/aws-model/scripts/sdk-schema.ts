/**
 * The SDK's schema arrays, read defensively: `[3, namespace, name, traits, memberNames,
 * memberSchemas, requiredCount?]` is a structure, `[1, namespace, name, traits, element]` a list,
 * `[0, namespace, name, traits, simple]` a named scalar, `[9, namespace, name, traits, input,
 * output]` an operation; a number is a simple type or, from 64 on, a list of one; a pair is a
 * schema with member traits. See `@smithy/core/schema`, `StaticSchemaIdSimple` and siblings.
 */
export type SchemaRef = unknown;

export interface Traits {
  readonly xmlName?: string;
  readonly ec2QueryName?: string;
  readonly sensitive: boolean;
  readonly idempotencyToken: boolean;
}

export interface StructureSchema {
  readonly kind: 'structure';
  readonly name: string;
  readonly members: readonly { readonly name: string; readonly schema: SchemaRef }[];
  readonly requiredCount: number;
}

export type Schema =
  | StructureSchema
  | { readonly kind: 'list'; readonly name: string; readonly element: SchemaRef }
  | { readonly kind: 'scalar'; readonly code: number }
  | { readonly kind: 'unit' };

export interface ResolvedSchema {
  readonly schema: Schema;
  readonly traits: Traits;
}

const sensitiveBit = 8;
const idempotencyTokenBit = 4;
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
  if (Array.isArray(current)) traitStack.push(current[3]);
  return { schema: schemaOf(current), traits: mergeTraits(traitStack) };
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
    case 3:
      return {
        kind: 'structure',
        name,
        members: [...head].map((member: string, i) => ({ name: member, schema: tail[i] })),
        requiredCount: requiredCount ?? 0,
      };
    default:
      throw new Error(`schema ${name} has kind ${code}, which the codecs do not know`);
  }
}

function simpleSchema(code: number): Schema {
  if (code >= mapModifier) throw new Error(`simple schema ${code} is a map; EC2 had none so far`);
  if (code < listModifier) return { kind: 'scalar', code };
  return { kind: 'list', name: '', element: code - listModifier };
}

function mergeTraits(stack: readonly unknown[]): Traits {
  let traits: Traits = { sensitive: false, idempotencyToken: false };
  for (const item of stack.toReversed()) {
    if (typeof item === 'number') {
      traits = {
        ...traits,
        sensitive: traits.sensitive || (item & sensitiveBit) !== 0,
        idempotencyToken: traits.idempotencyToken || (item & idempotencyTokenBit) !== 0,
      };
    } else if (item !== null && typeof item === 'object') {
      traits = { ...traits, ...namedTraits(item) };
    }
  }
  return traits;
}

function namedTraits(item: object): Partial<Traits> {
  const named = new Map<string, unknown>(Object.entries(item));
  const xmlName = named.get('xmlName');
  const ec2QueryName = named.get('ec2QueryName');
  return {
    ...(typeof xmlName === 'string' && { xmlName }),
    ...(typeof ec2QueryName === 'string' && { ec2QueryName }),
    ...(named.has('sensitive') && { sensitive: true }),
    ...(named.has('idempotencyToken') && { idempotencyToken: true }),
  };
}
