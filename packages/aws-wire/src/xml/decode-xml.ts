import type { ListShape, MapShape, Member, Shape, StructureShape } from '@bakehouse/aws-model';
import { apiError } from '@bakehouse/domain';
import { decodeScalar, shown } from '../scalars/decode-scalar.ts';
import type { XmlElement } from './read-xml.ts';

/**
 * The structure that an element holds. Only the members of the body are looked for (those without
 * an HTTP binding). Throws `UnknownParameter`, `MissingParameter` and `InvalidParameterValue`.
 */
export function decodeElement(shape: StructureShape, element: XmlElement): Record<string, unknown> {
  const found = new Map<string, unknown>();
  const members = shape.members.filter((member) => member.binding === undefined);
  for (const member of members.filter((one) => one.attribute)) {
    const text = element.attributes[member.xmlName];
    if (text !== undefined) found.set(member.name, scalar(member, text));
  }
  const inElements = new Map(
    members.filter((one) => !one.attribute).map((member) => [member.xmlName, member]),
  );
  for (const [name, children] of childrenByName(element)) {
    const member = inElements.get(name);
    if (member === undefined) throw apiError('UnknownParameter', { parameter: shown(name) });
    found.set(member.name, memberOf(member, children));
  }
  const missing = members.find((member) => member.required && !found.has(member.name));
  if (missing !== undefined) {
    throw apiError('MissingParameter', { parameter: `${element.name}.${missing.xmlName}` });
  }
  if (shape.isUnion && found.size !== 1) {
    const oneOf = members.map((member) => member.xmlName);
    throw apiError('InvalidParameterCombination', { place: element.name, oneOf });
  }
  return Object.fromEntries(found);
}

function memberOf(member: Member, elements: readonly XmlElement[]): unknown {
  const { shape } = member;
  if (shape.kind === 'list' && member.flattened) {
    return elements.map((element) => decodeValue(shape.element, member.sensitive, element));
  }
  if (shape.kind === 'map' && member.flattened) return entriesOf(shape, member, elements);
  const [element, surplus] = elements;
  if (element === undefined || surplus !== undefined) throw repeated(member.xmlName);
  return decodeValue(shape, member.sensitive, element);
}

function decodeValue(shape: Shape, sensitive: boolean, element: XmlElement): unknown {
  switch (shape.kind) {
    case 'structure':
      return decodeElement(shape, element);
    case 'list':
      return itemsOf(shape, sensitive, element);
    case 'map':
      return entriesOf(shape, { sensitive }, childrenNamed(element, 'entry'));
    case 'stream':
      throw apiError('UnknownParameter', { parameter: shown(element.name) });
    default: {
      const [child] = element.children;
      if (child !== undefined) throw apiError('UnknownParameter', { parameter: shown(child.name) });
      return decodeScalar(shape.kind, { name: element.name, value: element.text }, sensitive);
    }
  }
}

function scalar({ shape, name, sensitive }: Member, value: string): unknown {
  if (shape.kind !== 'string') throw apiError('UnknownParameter', { parameter: name });
  return decodeScalar(shape.kind, { name, value }, sensitive);
}

function itemsOf(shape: ListShape, sensitive: boolean, element: XmlElement): unknown[] {
  return childrenNamed(element, shape.elementName).map((item) =>
    decodeValue(shape.element, sensitive || shape.sensitive, item),
  );
}

function entriesOf(
  shape: MapShape,
  { sensitive }: Pick<Member, 'sensitive'>,
  elements: readonly XmlElement[],
): Record<string, unknown> {
  const entries = elements.map((entry) => {
    const children = childrenByName(entry);
    const side = (name: string, sideShape: Shape) => {
      const [child, surplus] = children.get(name) ?? [];
      if (child === undefined || surplus !== undefined) throw repeated(`${entry.name}.${name}`);
      return decodeValue(sideShape, sensitive || shape.sensitive, child);
    };
    return [String(side(shape.keyName, shape.key)), side(shape.valueName, shape.value)] as const;
  });
  return Object.fromEntries(entries);
}

function childrenByName(element: XmlElement): Map<string, XmlElement[]> {
  return Map.groupBy(element.children, (child) => child.name);
}

function childrenNamed(element: XmlElement, name: string): readonly XmlElement[] {
  const other = element.children.find((child) => child.name !== name);
  if (other !== undefined) throw apiError('UnknownParameter', { parameter: shown(other.name) });
  return element.children;
}

function repeated(name: string) {
  return apiError('InvalidParameterValue', {
    message: `The element ${shown(name)} must be present exactly once.`,
  });
}
