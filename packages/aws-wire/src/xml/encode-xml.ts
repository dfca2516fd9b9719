import type {
  ListShape,
  MapShape,
  Member,
  ScalarKind,
  ScalarShape,
  Shape,
  StructureShape,
} from '@bakehouse/aws-model';
import { invariant } from '@bakehouse/base';
import { encodeBlob, encodeNumber, encodeTimestamp } from '../scalars/encode-scalar.ts';
import { escapeXml } from './escape-xml.ts';

/** The content of the element for a value: text or further elements. */
type EncodeContent = (value: unknown) => string;
/** A member's whole element, or elements when it is flattened. */
type EncodeElement = (value: unknown) => string;

const contentEncoders = new WeakMap<Shape, EncodeContent>();

const scalarEncoders: Readonly<Record<Exclude<ScalarKind, 'timestamp'>, EncodeContent>> = {
  string: (value) => escapeXml(String(value)),
  integer: encodeNumber,
  number: encodeNumber,
  boolean: (value) => (value === true ? 'true' : 'false'),
  blob: encodeBlob,
};

/**
 * Writes a structure's members as XML elements, without an element around them. Encoders are made
 * once per shape and kept. Members that are absent, null or unknown to the model are left out.
 */
export function encodeContent(shape: StructureShape, value: object): string {
  return contentEncoderOf(shape)(value);
}

/**
 * The same text in pieces, cut between the entries of the structure's own lists, so that a long list
 * need not be written in one go.
 */
export function* encodePieces(shape: StructureShape, value: object): Generator<string> {
  for (const [name, inner] of Object.entries(value)) {
    const member = shape.memberByName(name);
    if (member === undefined || isAbsent(inner)) continue;
    const compiled = compiledMembers(shape).get(name);
    if (compiled === undefined) continue;
    if (member.shape.kind !== 'list' || member.flattened || !Array.isArray(inner)) {
      yield compiled(inner);
      continue;
    }
    if (inner.length === 0) yield `<${member.xmlName}/>`;
    else {
      yield `<${member.xmlName}>`;
      const encodeItem = itemEncoder(member.shape);
      for (const item of inner) yield encodeItem(item);
      yield `</${member.xmlName}>`;
    }
  }
}

/** One element with a structure in it, attributes and namespace included. */
export function encodeElement(
  name: string,
  shape: StructureShape,
  value: object,
  namespace = '',
): string {
  const xmlns = namespace === '' ? '' : ` xmlns="${escapeXml(namespace)}"`;
  return element(name, `${xmlns}${attributesOf(shape, value)}`, encodeContent(shape, value));
}

function contentEncoderOf(shape: Shape): EncodeContent {
  const before = contentEncoders.get(shape);
  if (before !== undefined) return before;
  const encode = makeContentEncoder(shape);
  contentEncoders.set(shape, encode);
  return encode;
}

function makeContentEncoder(shape: Shape): EncodeContent {
  switch (shape.kind) {
    case 'structure':
      return cachedForFrozen(membersEncoder(shape));
    case 'list':
      return itemsEncoder(shape);
    case 'map':
      return entriesEncoder(shape, 'entry');
    case 'stream':
      return encodeBlob;
    case 'timestamp':
      return timestampEncoder(shape);
    default:
      return scalarEncoders[shape.kind];
  }
}

function timestampEncoder({ format }: ScalarShape): EncodeContent {
  return (value) => encodeTimestamp(value, format ?? 'date-time');
}

/**
 * Caches the XML of frozen (immutable) structures in a WeakMap. The text passes through bytes,
 * because a string joined from parts is kept as a tree of those parts.
 */
function cachedForFrozen(encode: EncodeContent): EncodeContent {
  const texts = new WeakMap<object, string>();
  return (value) => {
    if (!Object.isFrozen(value) || typeof value !== 'object' || value === null)
      return encode(value);
    const before = texts.get(value);
    if (before !== undefined) return before;
    const text = Buffer.from(encode(value)).toString();
    texts.set(value, text);
    return text;
  };
}

/** Visits the value's members rather than the model's: an instance has 61, most of them absent. */
function membersEncoder(shape: StructureShape): EncodeContent {
  let compiled: ReadonlyMap<string, EncodeElement> | undefined;
  return (value) => {
    // Not when the encoder is made, because a shape may contain itself.
    compiled ??= compiledMembers(shape);
    const source = value as Readonly<Record<string, unknown>>;
    let xml = '';
    for (const name in source) {
      const inner = source[name];
      const encode = compiled.get(name);
      if (encode === undefined || inner === undefined || inner === null) continue;
      xml += encode(inner);
    }
    return xml;
  };
}

const compiledByShape = new WeakMap<StructureShape, ReadonlyMap<string, EncodeElement>>();

/** Without the members that are attributes or not part of the body. */
function compiledMembers(shape: StructureShape): ReadonlyMap<string, EncodeElement> {
  const before = compiledByShape.get(shape);
  if (before !== undefined) return before;
  const members = shape.members.filter((member) => !member.attribute && !member.binding);
  const compiled = new Map(members.map((member) => [member.name, memberEncoder(member)]));
  compiledByShape.set(shape, compiled);
  return compiled;
}

function memberEncoder(member: Member): EncodeElement {
  const { xmlName, shape, namespace } = member;
  if (member.flattened && shape.kind === 'list') {
    return itemsEncoder({ ...shape, element: shape.element, elementName: xmlName });
  }
  if (member.flattened && shape.kind === 'map') return entriesEncoder(shape, xmlName);
  const encode = contentEncoderOf(shape);
  const xmlns =
    namespace === undefined ? '' : ` xmlns:${namespace.prefix}="${escapeXml(namespace.uri)}"`;
  if (shape.kind === 'structure' && shape.members.some((inner) => inner.attribute)) {
    return (value) =>
      element(xmlName, `${xmlns}${attributesOf(shape, value as object)}`, encode(value));
  }
  const open = `<${xmlName}${xmlns}>`;
  const close = `</${xmlName}>`;
  const empty = `<${xmlName}${xmlns}/>`;
  return (value) => {
    const content = encode(value);
    return content === '' ? empty : open + content + close;
  };
}

function itemEncoder({ element: shape, elementName }: ListShape): EncodeContent {
  const open = `<${elementName}>`;
  const close = `</${elementName}>`;
  let encode: EncodeContent | undefined;
  return (item) => {
    encode ??= contentEncoderOf(shape);
    return open + encode(item) + close;
  };
}

function itemsEncoder(shape: ListShape): EncodeContent {
  const encode = itemEncoder(shape);
  return (value) => {
    invariant(Array.isArray(value), 'the value of a list is an array');
    let xml = '';
    for (const item of value) xml += encode(item);
    return xml;
  };
}

function entriesEncoder(shape: MapShape, entryName: string): EncodeContent {
  return (value) => {
    invariant(typeof value === 'object' && value !== null, 'the value of a map is an object');
    const encode = contentEncoderOf(shape.value);
    const entries = Object.entries(value).map(([key, inner]) => {
      const keyElement = `<${shape.keyName}>${escapeXml(key)}</${shape.keyName}>`;
      const valueElement = `<${shape.valueName}>${encode(inner)}</${shape.valueName}>`;
      return `<${entryName}>${keyElement}${valueElement}</${entryName}>`;
    });
    return entries.join('');
  };
}

function attributesOf(shape: StructureShape, value: object): string {
  const values = new Map<string, unknown>(Object.entries(value));
  return shape.members
    .filter((member) => member.attribute && !isAbsent(values.get(member.name)))
    .map((member) => ` ${member.xmlName}="${escapeAttribute(String(values.get(member.name)))}"`)
    .join('');
}

function escapeAttribute(text: string): string {
  return escapeXml(text)
    .replaceAll('"', '&quot;')
    .replaceAll('\n', '&#xA;')
    .replaceAll('\t', '&#x9;');
}

function element(name: string, attributes: string, content: string): string {
  if (content === '') return `<${name}${attributes}/>`;
  return `<${name}${attributes}>${content}</${name}>`;
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}
