import type { ScalarKind } from '../src/shape.ts';
import {
  type MemberNotation,
  scalarLetter,
  writeList,
  writeStructure,
} from '../src/shape-notation.ts';
import type { ShapeData } from '../src/shape-table.ts';
import { fractionalMembers } from './fractional-members.ts';
import { resolveSchema, type SchemaRef, type StructureSchema, type Traits } from './sdk-schema.ts';

const scalarKinds: ReadonlyMap<number, ScalarKind> = new Map([
  [0, 'string'],
  [1, 'integer'],
  [2, 'boolean'],
  [4, 'timestamp'],
  [21, 'blob'],
]);

export interface ShapeDataOptions {
  readonly version: string;
  /** EC2's own Query names: `ec2QueryName`, else the XML name with a capital first letter. */
  readonly ec2Names: boolean;
  readonly operationNames?: ReadonlySet<string>;
}

/** The table of all operations that an SDK client's module exports, and of the shapes they reach. */
export function shapeData(sdk: Readonly<Record<string, unknown>>, options: ShapeDataOptions) {
  const shapes = new Map<string, string>();
  const typeOf = (ref: SchemaRef, owner: string): string => {
    const { schema } = resolveSchema(ref);
    switch (schema.kind) {
      case 'unit':
        return '-';
      case 'scalar':
        return scalarLetter(scalarKind(schema.code, owner));
      case 'list': {
        const element = resolveSchema(schema.element).traits;
        if (shapes.has(schema.name)) return schema.name;
        if (schema.name !== '') reserve(schema.name);
        const notation = writeList({
          elementType: typeOf(schema.element, owner),
          elementName: element.xmlName ?? 'member',
          sensitive: element.sensitive,
        });
        if (schema.name === '') return notation;
        shapes.set(schema.name, notation);
        return schema.name;
      }
      case 'structure':
        if (shapes.has(schema.name)) return schema.name;
        reserve(schema.name);
        shapes.set(schema.name, writeStructure(membersOf(schema)));
        return schema.name;
    }
  };
  /** A recursive shape must find itself; names must not look like a scalar's letter. */
  const reserve = (name: string) => {
    if (!/^\w{2,}$/.test(name)) throw new Error(`the notation has no room for shape ${name}`);
    shapes.set(name, '');
  };
  const membersOf = (schema: StructureSchema): MemberNotation[] =>
    schema.members.map((member, index) => {
      const { traits } = resolveSchema(member.schema);
      return {
        name: member.name,
        queryName: queryName(member.name, traits, options.ec2Names),
        xmlName: traits.xmlName ?? member.name,
        type: typeOf(member.schema, `${schema.name}.${member.name}`),
        required: index < schema.requiredCount,
        sensitive: traits.sensitive,
        idempotencyToken: traits.idempotencyToken,
      };
    });
  const operations = new Map<string, string>();
  for (const { name, input, output } of operationsOf(sdk)) {
    if (options.operationNames?.has(name) === false) continue;
    operations.set(name, `${typeOf(input, name)} ${typeOf(output, name)}`);
  }
  return {
    version: options.version,
    operations: sortedRecord(operations),
    shapes: sortedRecord(shapes),
  } satisfies ShapeData;
}

function operationsOf(sdk: Readonly<Record<string, unknown>>) {
  return Object.values(sdk)
    .filter((value) => Array.isArray(value) && value[0] === 9)
    .map((value) => {
      const [, , name, , input, output] = value as readonly SchemaRef[];
      return { name: String(name), input, output };
    });
}

function scalarKind(code: number, owner: string): ScalarKind {
  const kind = scalarKinds.get(code);
  if (kind === undefined) throw new Error(`${owner}: simple schema ${code} is not known`);
  return kind === 'integer' && fractionalMembers.has(owner) ? 'number' : kind;
}

function queryName(name: string, traits: Traits, ec2Names: boolean): string {
  const plain = traits.xmlName ?? name;
  if (!ec2Names) return plain;
  return traits.ec2QueryName ?? plain.slice(0, 1).toUpperCase() + plain.slice(1);
}

function sortedRecord(entries: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}
