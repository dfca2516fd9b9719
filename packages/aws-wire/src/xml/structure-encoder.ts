import type { ListShape, Member, ScalarKind, Shape, StructureShape } from '@bakehouse/aws-model';
import { invariant } from '@bakehouse/base';
import { escapeXml } from './escape-xml.ts';

/** The content of the element for a value: text or further elements. */
type Encode = (value: unknown) => string;

const encoders = new WeakMap<Shape, Encode>();

const scalarEncoders: Readonly<Record<ScalarKind, Encode>> = {
  string: (value) => escapeXml(String(value)),
  integer: encodeNumber,
  number: encodeNumber,
  boolean: (value) => (value === true ? 'true' : 'false'),
  timestamp: encodeTimestamp,
  blob: encodeBlob,
};

/**
 * The function that writes values of a shape as XML elements, without the element around them.
 * Made once per shape and kept: answers are written far more often than shapes are met. Members
 * that are absent, null or not in the model are left out.
 */
export function structureEncoder(shape: StructureShape): (value: object) => string {
  return encoderOf(shape);
}

function encoderOf(shape: Shape): Encode {
  const before = encoders.get(shape);
  if (before !== undefined) return before;
  const encode = makeEncoder(shape);
  encoders.set(shape, encode);
  return encode;
}

function makeEncoder(shape: Shape): Encode {
  if (shape.kind === 'structure') return remembering(encodeMembers(shape));
  if (shape.kind === 'list') return encodeItems(shape);
  return scalarEncoders[shape.kind];
}

/**
 * The structures that were frozen will never be others: their text is written once, and forgotten with
 * them. It goes through bytes because a string put together of parts is still that, not a text.
 */
function remembering(encode: Encode): Encode {
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

/**
 * Goes through the value's members rather than the model's: an instance has 61, most of them
 * absent. Members are compiled at the first value, because a shape may hold itself.
 */
function encodeMembers(shape: StructureShape): Encode {
  let compiled: ReadonlyMap<string, CompiledMember> | undefined;
  return (value) => {
    compiled ??= new Map(shape.members.map((member) => [member.name, compileMember(member)]));
    const source = value as Readonly<Record<string, unknown>>;
    let xml = '';
    for (const name in source) {
      const inner = source[name];
      const member = compiled.get(name);
      if (member === undefined || inner === undefined || inner === null) continue;
      const content = member.encode(inner);
      xml += content === '' ? member.empty : member.open + content + member.close;
    }
    return xml;
  };
}

interface CompiledMember {
  readonly open: string;
  readonly close: string;
  readonly empty: string;
  readonly encode: Encode;
}

function compileMember(member: Member): CompiledMember {
  return {
    open: `<${member.xmlName}>`,
    close: `</${member.xmlName}>`,
    empty: `<${member.xmlName}/>`,
    encode: encoderOf(member.shape),
  };
}

function encodeItems(shape: ListShape): Encode {
  const open = `<${shape.elementName}>`;
  const close = `</${shape.elementName}>`;
  let encode: Encode | undefined;
  return (value) => {
    invariant(Array.isArray(value), 'the value of a list is an array');
    encode ??= encoderOf(shape.element);
    let xml = '';
    for (const item of value) xml += open + encode(item) + close;
    return xml;
  };
}

function encodeNumber(value: unknown): string {
  invariant(Number.isFinite(value), 'a number in an answer is finite');
  return String(value);
}

function encodeTimestamp(value: unknown): string {
  invariant(value instanceof Date, 'a time in an answer is a Date');
  const time = value.getTime();
  if (time !== latest.time) latest = { time, text: value.toISOString() };
  return latest.text;
}

/** One answer often repeats a time, and writing one out is slow. */
let latest = { time: 0, text: '1970-01-01T00:00:00.000Z' };

function encodeBlob(value: unknown): string {
  invariant(value instanceof Uint8Array, 'bytes in an answer are a Uint8Array');
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
}
