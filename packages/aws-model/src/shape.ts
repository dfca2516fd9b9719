/** How a scalar travels and what it is in memory: `timestamp` is a `Date`, `blob` a `Uint8Array`. */
export type ScalarKind = 'string' | 'integer' | 'number' | 'boolean' | 'timestamp' | 'blob';

export interface ScalarShape {
  readonly kind: ScalarKind;
}

export interface ListShape {
  readonly kind: 'list';
  /** Element of each entry in XML: `item` in nearly all of EC2. */
  readonly elementName: string;
  readonly element: Shape;
  readonly sensitive: boolean;
}

export interface StructureShape {
  readonly kind: 'structure';
  readonly name: string;
  readonly members: readonly Member[];
  /** The member that the Query protocol calls so, or undefined. */
  memberByQueryName(queryName: string): Member | undefined;
}

export type Shape = ScalarShape | ListShape | StructureShape;

/** A member has three names: the SDK's, the one in a Query request and the one in an XML answer. */
export interface Member {
  readonly name: string;
  readonly queryName: string;
  readonly xmlName: string;
  readonly required: boolean;
  /** Never show the value in words or logs. */
  readonly sensitive: boolean;
  readonly idempotencyToken: boolean;
  /** Resolved at the first look, so that an operation costs only the shapes that it uses. */
  readonly shape: Shape;
}

export const emptyStructure: StructureShape = {
  kind: 'structure',
  name: 'Unit',
  members: [],
  memberByQueryName: () => undefined,
};
