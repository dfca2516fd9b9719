import { invariant } from '@bakehouse/base';
import {
  emptyStructure,
  type ListShape,
  type Member,
  type Shape,
  type StructureShape,
} from './shape.ts';
import { type MemberNotation, readList, readStructure, scalarKindOf } from './shape-notation.ts';

/** A generated table: the file's content, and nothing computed yet. */
export interface ShapeData {
  /** The API version of the model, such as `2016-11-15`. */
  readonly version: string;
  /** Operation name to `<input shape> <output shape>`; `-` where the model has none. */
  readonly operations: Readonly<Record<string, string>>;
  /** Shape name to its notation. */
  readonly shapes: Readonly<Record<string, string>>;
}

export interface ShapeTable {
  operationNames(): readonly string[];
  has(operation: string): boolean;
  /** Ask `has` first: an operation that the model lacks is a bug of the caller and throws. */
  input(operation: string): StructureShape;
  output(operation: string): StructureShape;
}

/** Shapes by operation; each is read from its notation at the first look and then kept. */
export function shapeTable(data: ShapeData): ShapeTable {
  const operations = new Map(Object.entries(data.operations));
  const notations = new Map(Object.entries(data.shapes));
  const known = new Map<string, Shape>();

  const shapeOf = (type: string): Shape => {
    const before = known.get(type);
    if (before !== undefined) return before;
    const shape = readShape(type);
    known.set(type, shape);
    return shape;
  };
  const readShape = (type: string): Shape => {
    const scalar = scalarKindOf(type);
    if (scalar !== undefined) return { kind: scalar };
    if (type === '-') return emptyStructure;
    const notation = type.startsWith('[') ? type : notations.get(type);
    invariant(notation !== undefined, `the model has the shape ${type}`);
    if (notation.startsWith('[')) return listShape(notation, shapeOf);
    return structureShape(type, notation, shapeOf);
  };
  const sideOf = (operation: string, side: 0 | 1): StructureShape => {
    const type = operations.get(operation)?.split(' ')[side];
    invariant(type !== undefined, `the model has the operation ${operation}`);
    const shape = shapeOf(type);
    invariant(shape.kind === 'structure', `${type} is a structure`);
    return shape;
  };
  return {
    operationNames: () => [...operations.keys()],
    has: (operation) => operations.has(operation),
    input: (operation) => sideOf(operation, 0),
    output: (operation) => sideOf(operation, 1),
  };
}

type ShapeOf = (type: string) => Shape;

function listShape(notation: string, shapeOf: ShapeOf): ListShape {
  const { elementType, elementName, sensitive } = readList(notation);
  return {
    kind: 'list',
    elementName,
    sensitive,
    get element() {
      return shapeOf(elementType);
    },
  };
}

function structureShape(name: string, notation: string, shapeOf: ShapeOf): StructureShape {
  const members = readStructure(notation).map((member) => memberOf(member, shapeOf));
  const byQueryName = new Map(members.map((member) => [member.queryName, member]));
  return {
    kind: 'structure',
    name,
    members,
    memberByQueryName: (queryName) => byQueryName.get(queryName),
  };
}

function memberOf({ type, ...rest }: MemberNotation, shapeOf: ShapeOf): Member {
  return {
    ...rest,
    get shape() {
      return shapeOf(type);
    },
  };
}
