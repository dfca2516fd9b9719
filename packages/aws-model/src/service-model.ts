import { invariant } from '@bakehouse/base';
import { openEnum } from './enum-values.ts';
import {
  emptyStructure,
  type ListShape,
  type MapShape,
  type Member,
  type Shape,
  type StructureShape,
} from './shape.ts';
import {
  type ListNotation,
  type MapNotation,
  type MemberNotation,
  readEnum,
  readList,
  readMap,
  readStructure,
  readUnnamed,
  type StructureNotation,
  scalarOf,
} from './shape-notation.ts';

/** How a service's requests and responses are written. */
export type ProtocolName =
  | 'ec2Query'
  | 'awsQuery'
  | 'awsJson1_0'
  | 'awsJson1_1'
  | 'restJson1'
  | 'restXml';

/** A generated table: the content of the file, with nothing computed yet. */
export interface ModelData {
  /** The name in a signature's credential scope, such as `ec2`. */
  readonly service: string;
  readonly protocol: ProtocolName;
  /** The API version of the model, such as `2016-11-15`. */
  readonly version: string;
  /** Namespace of XML responses; empty where the protocol has none. */
  readonly xmlNamespace: string;
  /** The prefix of the operation in `X-Amz-Target`. */
  readonly target: string;
  /** Operation name to `<input shape> <output shape>`, for REST then `<method> <path> <status>`; `-` for no shape. */
  readonly operations: Readonly<Record<string, string>>;
  /** Operations of the service whose shapes the table leaves out, separated by blanks. */
  readonly others: string;
  /** Declared errors: shape name to `<status> <code>`. */
  readonly errors: Readonly<Record<string, string>>;
  /** Shape name to its notation (see shape-notation.ts). */
  readonly shapes: Readonly<Record<string, string>>;
}

export interface HttpTrait {
  readonly method: string;
  /** With its labels and fixed query: `/snapshots/{SnapshotId}/blocks/{BlockIndex}`, `/{Key+}?acl`. */
  readonly uri: string;
  readonly status: number;
}

export interface OperationShape {
  readonly name: string;
  readonly input: StructureShape;
  readonly output: StructureShape;
  /** REST protocols only. */
  readonly http?: HttpTrait;
}

/** An error that the service's model declares. */
export interface DeclaredError {
  /** Code on the wire. */
  readonly code: string;
  readonly status: number;
  readonly shape: StructureShape;
}

/** One service's operations and shapes. Shapes are read from their notation on first use, then kept. */
export interface ServiceModel
  extends Pick<ModelData, 'service' | 'protocol' | 'version' | 'xmlNamespace' | 'target'> {
  /** Names of the operations whose shapes are known. */
  operationNames(): readonly string[];
  /** Names of the other operations of the service. */
  otherOperationNames(): readonly string[];
  /** The operation, or undefined when its shapes are not known. */
  find(operation: string): OperationShape | undefined;
  /** True for every operation of the service, whether or not its shapes are known. */
  hasOperation(operation: string): boolean;
  /** True for the codes of the errors that the service declares. */
  findError(code: string): DeclaredError | undefined;
}

export function serviceModel(data: ModelData): ServiceModel {
  const { service, protocol, version, xmlNamespace, target } = data;
  const shapeOf = shapeReader(data);
  const structure = (type: string): StructureShape => {
    const shape = shapeOf(type);
    invariant(shape.kind === 'structure', `${type} is a structure`);
    return shape;
  };
  const rows = new Map(Object.entries(data.operations));
  const others = new Set(data.others.split(' ').filter((name) => name !== ''));
  const opened = new Map<string, OperationShape>();
  const find = (name: string) => {
    const before = opened.get(name);
    const row = rows.get(name);
    if (before !== undefined || row === undefined) return before;
    const operation = openOperation(name, row, structure);
    opened.set(name, operation);
    return operation;
  };
  const errors = new Map(
    Object.entries(data.errors).map(([shape, row]) => {
      const [status = '', code = ''] = row.split(' ');
      return [code, { code, status: Number(status), shape }] as const;
    }),
  );
  return {
    service,
    protocol,
    version,
    xmlNamespace,
    target,
    operationNames: () => [...rows.keys()],
    otherOperationNames: () => [...others],
    find,
    hasOperation: (name) => rows.has(name) || others.has(name),
    findError(code) {
      const error = errors.get(code);
      return error && { ...error, shape: structure(error.shape) };
    },
  };
}

function openOperation(
  name: string,
  row: string,
  structure: (type: string) => StructureShape,
): OperationShape {
  const [input = '', output = '', method, uri, status] = row.split(' ');
  return {
    name,
    get input() {
      return structure(input);
    },
    get output() {
      return structure(output);
    },
    ...(method !== undefined &&
      uri !== undefined && { http: { method, uri, status: Number(status) } }),
  };
}

type ShapeOf = (type: string) => Shape;

function shapeReader(data: ModelData): ShapeOf {
  const notations = new Map(Object.entries(data.shapes));
  const known = new Map<string, Shape>([['-', emptyStructure]]);
  const shapeOf = (type: string): Shape => {
    const before = known.get(type);
    if (before !== undefined) return before;
    const shape = scalarOf(type) ?? readShape(type);
    known.set(type, shape);
    return shape;
  };
  const readShape = (type: string): Shape => {
    const unnamed = readUnnamed(type);
    if (unnamed !== undefined) return collection(unnamed, shapeOf);
    const notation = notations.get(type);
    invariant(notation !== undefined, `the model has the shape ${type}`);
    switch (notation[0]) {
      case '[':
        return collection(readList(notation), shapeOf);
      case '(':
        return collection(readMap(notation), shapeOf);
      case '<':
        return { kind: 'string', values: openEnum(readEnum(notation)) };
      default:
        return structureShape(type, readStructure(notation), shapeOf);
    }
  };
  return shapeOf;
}

function collection(notation: ListNotation | MapNotation, shapeOf: ShapeOf): ListShape | MapShape {
  if ('elementType' in notation) {
    const { elementType, elementName, sensitive } = notation;
    return {
      kind: 'list',
      elementName,
      sensitive,
      get element() {
        return shapeOf(elementType);
      },
    };
  }
  const { keyType, valueType, ...rest } = notation;
  return {
    kind: 'map',
    ...rest,
    get key() {
      return shapeOf(keyType);
    },
    get value() {
      return shapeOf(valueType);
    },
  };
}

function structureShape(
  name: string,
  { isUnion, xmlName, members: notations }: StructureNotation,
  shapeOf: ShapeOf,
): StructureShape {
  const members = notations.map((member) => memberOf(member, shapeOf));
  const byName = new Map(members.map((member) => [member.name, member]));
  const byQueryName = new Map(members.map((member) => [member.queryName, member]));
  return {
    kind: 'structure',
    name,
    xmlName: xmlName ?? name,
    isUnion,
    members,
    memberByName: (member) => byName.get(member),
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
