import type { HttpBinding, Member, ScalarKind, TimestampFormat, XmlNamespace } from './shape.ts';

/**
 * The text of one shape in the generated tables. Text rather than JSON arrays, because a shape that
 * no request needs then stays one flat string in memory.
 *
 *     structure  {Name=Query/xml:type!*?~^@binding#prefix uri,…    only name and type are required
 *                a body's element that is not named after the shape: {Element>Name:type,…
 *     union      }…         members as in a structure
 *     list       [type/element*               `item` may be left out; `/` alone means `member`
 *     map        (key/keyName=value/valueName*
 *     enum       <value|value
 *     type       s i n b x y (string, integer, number, boolean, blob, stream), t d h e (timestamp in
 *                the protocol's format, date-time, http-date, epoch-seconds), a shape's name, or
 *                [s and (s: a list (of `member`) and a map (of `key` and `value`) without a name
 *
 * Without `=Query` the Query name is the member's; without `/xml` the XML name is the member's with
 * a small first letter, and `/` alone means the member's name itself; a colon in it is written `%3A`.
 * `!` required, `*` sensitive, `?` idempotency token, `~` flattened, `^` XML attribute.
 */
export interface MemberNotation extends Omit<Member, 'shape'> {
  readonly type: string;
}

export interface StructureNotation {
  readonly isUnion: boolean;
  /** Undefined: the shape's own name. */
  readonly xmlName?: string;
  readonly members: readonly MemberNotation[];
}

export interface ListNotation {
  readonly elementType: string;
  readonly elementName: string;
  readonly sensitive: boolean;
}

export interface MapNotation {
  readonly keyType: string;
  readonly keyName: string;
  readonly valueType: string;
  readonly valueName: string;
  readonly sensitive: boolean;
}

export interface ScalarNotation {
  readonly kind: ScalarKind | 'stream';
  readonly format?: TimestampFormat;
}

const scalars: Readonly<Record<string, ScalarNotation>> = {
  s: { kind: 'string' },
  i: { kind: 'integer' },
  n: { kind: 'number' },
  b: { kind: 'boolean' },
  x: { kind: 'blob' },
  y: { kind: 'stream' },
  t: { kind: 'timestamp' },
  d: { kind: 'timestamp', format: 'date-time' },
  h: { kind: 'timestamp', format: 'http-date' },
  e: { kind: 'timestamp', format: 'epoch-seconds' },
};

export function scalarLetter({ kind, format }: ScalarNotation): string {
  const found = Object.entries(scalars).find(
    ([, one]) => one.kind === kind && one.format === format,
  );
  if (found === undefined) throw new Error(`the notation has no letter for ${kind} ${format}`);
  return found[0];
}

export function scalarOf(type: string): ScalarNotation | undefined {
  return Object.hasOwn(scalars, type) ? scalars[type] : undefined;
}

export function writeStructure({ isUnion, xmlName, members }: StructureNotation): string {
  const element = xmlName === undefined ? '' : `${xmlName}>`;
  return `${isUnion ? '}' : '{'}${element}${members.map(writeMember).join(',')}`;
}

export function readStructure(text: string): StructureNotation {
  const match = /^([{}])(?:(\w+)>)?(.*)$/.exec(text);
  if (match === null) throw new Error(`not a structure notation: ${text}`);
  const [, opening, xmlName, body = ''] = match;
  return {
    isUnion: opening === '}',
    ...(xmlName !== undefined && { xmlName }),
    members: body === '' ? [] : body.split(',').map(readMember),
  };
}

export function writeList(list: ListNotation): string {
  const element = defaultedPart(list.elementName, 'item', 'member');
  return `[${list.elementType}${element}${list.sensitive ? '*' : ''}`;
}

export function readList(text: string): ListNotation {
  const match = /^\[([[(]?\w+)(?:\/([^/*]*))?(\*)?$/.exec(text);
  if (match === null) throw new Error(`not a list notation: ${text}`);
  const [, elementType = '', element, star] = match;
  const elementName = element === undefined ? 'item' : element || 'member';
  return { elementType, elementName, sensitive: star !== undefined };
}

export function writeMap(map: MapNotation): string {
  const key = `${map.keyType}${defaultedPart(map.keyName, 'key', 'key')}`;
  const value = `${map.valueType}${defaultedPart(map.valueName, 'value', 'value')}`;
  return `(${key}=${value}${map.sensitive ? '*' : ''}`;
}

export function readMap(text: string): MapNotation {
  const match = /^\((\w+)(?:\/(\w+))?=([[(]?\w+)(?:\/(\w+))?(\*)?$/.exec(text);
  if (match === null) throw new Error(`not a map notation: ${text}`);
  const [, keyType = '', keyName = 'key', valueType = '', valueName = 'value', star] = match;
  return { keyType, keyName, valueType, valueName, sensitive: star !== undefined };
}

/** The type of a list or map of scalars that has no name in the model. */
export function writeUnnamed(kind: 'list' | 'map', scalar: string): string {
  return `${kind === 'list' ? '[' : '('}${scalar}`;
}

export function readUnnamed(type: string): ListNotation | MapNotation | undefined {
  const inner = type.slice(1);
  if (type.startsWith('[')) {
    return { elementType: inner, elementName: 'member', sensitive: false };
  }
  if (!type.startsWith('(')) return undefined;
  return {
    keyType: 's',
    keyName: 'key',
    valueType: inner,
    valueName: 'value',
    sensitive: false,
  };
}

export function writeEnum(values: readonly string[]): string {
  const odd = values.find((value) => value.includes('|'));
  if (odd !== undefined) throw new Error(`the notation has no room for the value ${odd}`);
  return `<${values.join('|')}`;
}

export function readEnum(text: string): string[] {
  return text.slice(1).split('|');
}

function decapitalised(name: string): string {
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}

type BindingKind = HttpBinding['kind'];

const bindingLetters = {
  label: 'L',
  payload: 'B',
  statusCode: 'S',
  queryMap: 'M',
  query: 'Q',
  header: 'H',
  prefixHeaders: 'P',
} as const satisfies Record<BindingKind, string>;

function writeBinding(binding: HttpBinding): string {
  return `@${bindingLetters[binding.kind]}${'name' in binding ? binding.name : ''}`;
}

function readBinding(text: string): HttpBinding {
  const [letter, name] = [text.slice(0, 1), text.slice(1)];
  switch (letter) {
    case 'L':
      return { kind: 'label' };
    case 'B':
      return { kind: 'payload' };
    case 'S':
      return { kind: 'statusCode' };
    case 'M':
      return { kind: 'queryMap' };
    case 'Q':
      return { kind: 'query', name };
    case 'H':
      return { kind: 'header', name };
    case 'P':
      return { kind: 'prefixHeaders', name };
    default:
      throw new Error(`not a binding notation: ${text}`);
  }
}

const flags = {
  required: '!',
  sensitive: '*',
  idempotencyToken: '?',
  flattened: '~',
  attribute: '^',
} as const satisfies Partial<Record<keyof Member, string>>;

function writeMember(member: MemberNotation): string {
  const query = member.queryName === member.name ? '' : `=${member.queryName}`;
  const xmlName = member.xmlName.replaceAll(':', '%3A');
  const xml = defaultedPart(xmlName, decapitalised(member.name), member.name);
  const marks = Object.entries(flags).map(([name, mark]) =>
    member[name as keyof typeof flags] ? mark : '',
  );
  const binding = member.binding === undefined ? '' : writeBinding(member.binding);
  const namespace = member.namespace === undefined ? '' : writeNamespace(member.namespace);
  return `${member.name}${query}${xml}:${member.type}${marks.join('')}${binding}${namespace}`;
}

const memberPattern =
  /^([^=/:]+)(?:=([^/:]+))?(?:\/([^:]*))?:([[(]?\w+)([!*?~^]*)(?:@([^#]+))?(?:#(.+))?$/;

function readMember(text: string): MemberNotation {
  const match = memberPattern.exec(text);
  if (match === null) throw new Error(`not a member notation: ${text}`);
  const [, name = '', query, xml, type = '', marks = '', binding, namespace] = match;
  return {
    name,
    queryName: query ?? name,
    xmlName: xml === undefined ? decapitalised(name) : xml.replaceAll('%3A', ':') || name,
    type,
    required: marks.includes(flags.required),
    sensitive: marks.includes(flags.sensitive),
    idempotencyToken: marks.includes(flags.idempotencyToken),
    flattened: marks.includes(flags.flattened),
    attribute: marks.includes(flags.attribute),
    ...(binding !== undefined && { binding: readBinding(binding) }),
    ...(namespace !== undefined && { namespace: readNamespace(namespace) }),
  };
}

function writeNamespace({ prefix, uri }: XmlNamespace): string {
  return `#${prefix} ${uri}`;
}

function readNamespace(text: string): XmlNamespace {
  const space = text.indexOf(' ');
  return { prefix: text.slice(0, space), uri: text.slice(space + 1) };
}

/** Nothing for the usual name, a slash for the second most usual one, else the name itself. */
function defaultedPart(name: string, usual: string, second: string): string {
  if (name === usual) return '';
  return name === second ? '/' : `/${name}`;
}
