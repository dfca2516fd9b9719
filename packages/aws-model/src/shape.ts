/** How a scalar travels and what it is in memory: `timestamp` is a `Date`, `blob` a `Uint8Array`. */
export type ScalarKind = 'string' | 'integer' | 'number' | 'boolean' | 'timestamp' | 'blob';

/** Smithy's `timestampFormat`. A shape without one is written in the protocol's own format. */
export type TimestampFormat = 'date-time' | 'http-date' | 'epoch-seconds';

export interface ScalarShape {
  readonly kind: ScalarKind;
  /** Timestamps only. */
  readonly format?: TimestampFormat;
  /** Strings only: the values that the model lists. Services add values, so requests may have others. */
  readonly values?: EnumValues;
}

export interface EnumValues {
  readonly all: readonly string[];
  has(value: string): boolean;
  /** The listed spelling of a value that differs in case and outer blanks only; else undefined. */
  canonical(value: string): string | undefined;
}

/** Bytes that are read and written as a stream: the whole body of a request or of a response. */
export interface StreamShape {
  readonly kind: 'stream';
}

export interface ListShape {
  readonly kind: 'list';
  /** Element of each entry in XML: `item` in nearly all of EC2, `member` elsewhere. */
  readonly elementName: string;
  readonly element: Shape;
  readonly sensitive: boolean;
}

/** Keys are strings. In memory a map is a plain object. */
export interface MapShape {
  readonly kind: 'map';
  readonly keyName: string;
  readonly key: Shape;
  readonly valueName: string;
  readonly value: Shape;
  readonly sensitive: boolean;
}

export interface StructureShape {
  readonly kind: 'structure';
  readonly name: string;
  /** The element of this structure where it is the whole of an XML body. */
  readonly xmlName: string;
  /** A union has exactly one of its members. */
  readonly isUnion: boolean;
  readonly members: readonly Member[];
  memberByName(name: string): Member | undefined;
  /** The member that the Query protocols call so, or undefined. */
  memberByQueryName(queryName: string): Member | undefined;
}

export type Shape = ScalarShape | StreamShape | ListShape | MapShape | StructureShape;

/** Where REST protocols carry a member; a member without a binding is part of the body. */
export type HttpBinding =
  | { readonly kind: 'label' | 'payload' | 'statusCode' | 'queryMap' }
  | { readonly kind: 'query' | 'header' | 'prefixHeaders'; readonly name: string };

/** A member has three names: the SDK's, the one in a Query request and the one in XML. */
export interface Member {
  readonly name: string;
  readonly queryName: string;
  readonly xmlName: string;
  readonly required: boolean;
  /** Never show the value in messages or logs. */
  readonly sensitive: boolean;
  readonly idempotencyToken: boolean;
  /** A list or map whose entries have no element (or name part) around them. */
  readonly flattened: boolean;
  /** Written as an attribute of the structure's element. */
  readonly attribute: boolean;
  readonly namespace?: XmlNamespace;
  readonly binding?: HttpBinding;
  /** Resolved on first use, so that an operation costs only the shapes that it needs. */
  readonly shape: Shape;
}

export interface XmlNamespace {
  readonly prefix: string;
  readonly uri: string;
}

export const emptyStructure: StructureShape = {
  kind: 'structure',
  name: 'Unit',
  xmlName: 'Unit',
  isUnion: false,
  members: [],
  memberByName: () => undefined,
  memberByQueryName: () => undefined,
};
