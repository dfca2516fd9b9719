import type { ScalarKind } from './shape.ts';

/**
 * The text of one shape in the generated tables. Text rather than JSON arrays, because a shape that
 * no request needs then stays one flat string in memory.
 *
 *     structure  {Name=Query/xml:type!*?,…    each part but the name and the type may be left out
 *     list       [type/element*               `item` is left out; `/` alone means `member`
 *     type       s i n b t x (string, integer, number, boolean, timestamp, blob), a shape's name,
 *                or a list
 *
 * Without `=Query` the Query name is the member's; without `/xml` the XML name is the member's with
 * a small first letter, and `/` alone means the member's name itself. `!` required, `*` sensitive,
 * `?` idempotency token.
 */
export interface MemberNotation {
  readonly name: string;
  readonly queryName: string;
  readonly xmlName: string;
  readonly type: string;
  readonly required: boolean;
  readonly sensitive: boolean;
  readonly idempotencyToken: boolean;
}

export interface ListNotation {
  readonly elementType: string;
  readonly elementName: string;
  readonly sensitive: boolean;
}

const scalarLetters: Readonly<Record<ScalarKind, string>> = {
  string: 's',
  integer: 'i',
  number: 'n',
  boolean: 'b',
  timestamp: 't',
  blob: 'x',
};
const scalarKinds: ReadonlyMap<string, ScalarKind> = new Map(
  (Object.keys(scalarLetters) as ScalarKind[]).map((kind) => [scalarLetters[kind], kind]),
);

export function scalarLetter(kind: ScalarKind): string {
  return scalarLetters[kind];
}

export function scalarKindOf(type: string): ScalarKind | undefined {
  return scalarKinds.get(type);
}

export function writeStructure(members: readonly MemberNotation[]): string {
  return `{${members.map(writeMember).join(',')}`;
}

export function readStructure(text: string): MemberNotation[] {
  const body = text.slice(1);
  return body === '' ? [] : body.split(',').map(readMember);
}

export function writeList(list: ListNotation): string {
  const element = defaultedPart(list.elementName, 'item', 'member');
  return `[${list.elementType}${element}${list.sensitive ? '*' : ''}`;
}

export function readList(text: string): ListNotation {
  const match = /^\[(\[.+|[^/*]+)(?:\/([^/*]*))?(\*)?$/.exec(text);
  if (match === null) throw new Error(`not a list notation: ${text}`);
  const [, elementType = '', element, star] = match;
  const elementName = element === undefined ? 'item' : element || 'member';
  return { elementType, elementName, sensitive: star !== undefined };
}

export function decapitalised(name: string): string {
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}

function writeMember(member: MemberNotation): string {
  const query = member.queryName === member.name ? '' : `=${member.queryName}`;
  const xml = defaultedPart(member.xmlName, decapitalised(member.name), member.name);
  const flags = [member.required && '!', member.sensitive && '*', member.idempotencyToken && '?'];
  return `${member.name}${query}${xml}:${member.type}${flags.filter(Boolean).join('')}`;
}

function readMember(text: string): MemberNotation {
  const match = /^([^=/:]+)(?:=([^/:]+))?(?:\/([^:]*))?:(.+?)([!?]*\*?[!?]*)$/.exec(text);
  if (match === null) throw new Error(`not a member notation: ${text}`);
  const [, name = '', query, xml, type = '', flags = ''] = match;
  return {
    name,
    queryName: query ?? name,
    xmlName: xml === undefined ? decapitalised(name) : xml || name,
    type,
    required: flags.includes('!'),
    sensitive: flags.includes('*'),
    idempotencyToken: flags.includes('?'),
  };
}

/** Nothing for the usual name, a slash for the second most usual one, else the name itself. */
function defaultedPart(name: string, usual: string, second: string): string {
  if (name === usual) return '';
  return name === second ? '/' : `/${name}`;
}
