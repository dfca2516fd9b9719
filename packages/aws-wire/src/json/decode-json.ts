import {
  dateOf,
  type Member,
  readBase64,
  readTimestamp,
  type ScalarKind,
  type Shape,
  type StructureShape,
} from '@bakehouse/aws-model';
import { apiError } from '@bakehouse/domain';
import { shown } from '../scalars/decode-scalar.ts';
import { isJsonDocument, type JsonDocument, type JsonValue } from './parse-json.ts';

/**
 * The structure that a JSON object holds. Only the members of the body are looked for (those without
 * an HTTP binding); a null is the same as none. Throws `UnknownParameter`, `MissingParameter` and
 * `InvalidParameterValue`.
 */
export function decodeObject(
  shape: StructureShape,
  json: JsonDocument,
  place = '',
): Record<string, unknown> {
  const at = (name: string) => (place === '' ? name : `${place}.${name}`);
  const found = new Map<string, unknown>();
  for (const [name, value] of Object.entries(json)) {
    // Smithy lets a client name a structure's type in it.
    if (value === null || name === '__type') continue;
    const member = shape.memberByName(name);
    if (member === undefined || member.binding !== undefined) {
      throw apiError('UnknownParameter', { parameter: shown(at(name)) });
    }
    found.set(name, decodeValue(member.shape, value, at(name), member.sensitive));
  }
  const isMissing = (member: Member) =>
    member.required && member.binding === undefined && !found.has(member.name);
  const missing = shape.members.find(isMissing);
  if (missing !== undefined) throw apiError('MissingParameter', { parameter: at(missing.name) });
  if (shape.isUnion && found.size !== 1) {
    const oneOf = shape.members.map((member) => member.name);
    throw apiError('InvalidParameterCombination', { place, oneOf });
  }
  return Object.fromEntries(found);
}

function decodeValue(shape: Shape, json: JsonValue, place: string, sensitive: boolean): unknown {
  switch (shape.kind) {
    case 'structure':
      if (!isJsonDocument(json)) throw wrongType(place, 'an object');
      return decodeObject(shape, json, place);
    case 'list':
      if (!Array.isArray(json)) throw wrongType(place, 'a list');
      return json.map((item, i) =>
        decodeValue(shape.element, item, `${place}[${i}]`, sensitive || shape.sensitive),
      );
    case 'map': {
      if (!isJsonDocument(json)) throw wrongType(place, 'an object');
      const entries = Object.entries(json).map(([key, inner]) => {
        return [
          key,
          decodeValue(shape.value, inner, `${place}.${key}`, sensitive || shape.sensitive),
        ];
      });
      return Object.fromEntries(entries);
    }
    case 'stream':
      throw apiError('UnknownParameter', { parameter: shown(place) });
    default: {
      const { noun, read } = readers[shape.kind];
      const value = read(json);
      if (value === undefined) throw wrongType(place, noun);
      return value;
    }
  }
}

interface JsonReader {
  readonly noun: string;
  /** Undefined means that the JSON is no value of the kind. */
  readonly read: (json: JsonValue) => unknown;
}

const readers: Readonly<Record<ScalarKind, JsonReader>> = {
  string: { noun: 'a string', read: (json) => (typeof json === 'string' ? json : undefined) },
  integer: { noun: 'an integer', read: (json) => (Number.isSafeInteger(json) ? json : undefined) },
  number: { noun: 'a number', read: (json) => (typeof json === 'number' ? json : undefined) },
  boolean: {
    noun: 'true or false',
    read: (json) => (typeof json === 'boolean' ? json : undefined),
  },
  timestamp: { noun: 'a time in seconds since 1970', read: readJsonTime },
  blob: {
    noun: 'base64-encoded bytes',
    read: (json) => (typeof json === 'string' ? readBase64(json) : undefined),
  },
};

function readJsonTime(json: JsonValue): Date | undefined {
  if (typeof json === 'number') return dateOf(Math.round(json * 1000));
  return typeof json === 'string' ? readTimestamp(json) : undefined;
}

/** The value itself is not shown, for it may be secret. */
function wrongType(place: string, noun: string) {
  return apiError('InvalidParameterValue', {
    parameter: shown(place),
    hint: `Expected ${noun}.`,
  });
}
