import type { Shape, StructureShape } from '@bakehouse/aws-model';
import { invariant } from '@bakehouse/base';
import { encodeBlob, encodeTimestamp, epochSeconds } from '../scalars/encode-scalar.ts';

/**
 * A structure as JSON, by the model: times in seconds since 1970 unless their shape says otherwise,
 * bytes as base64. Members that are absent, null, unknown to the model or bound to another part of
 * the HTTP message are left out.
 */
export function encodeJson(shape: StructureShape, value: object): string {
  return JSON.stringify(plainStructure(shape, value));
}

function plainStructure(shape: StructureShape, value: object): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    const member = shape.memberByName(name);
    if (member === undefined || member.binding !== undefined || isAbsent(inner)) continue;
    plain[name] = plainValue(member.shape, inner);
  }
  return plain;
}

function plainValue(shape: Shape, value: unknown): unknown {
  switch (shape.kind) {
    case 'structure':
      invariant(typeof value === 'object' && value !== null, 'a structure is an object');
      return plainStructure(shape, value);
    case 'list':
      invariant(Array.isArray(value), 'the value of a list is an array');
      return value.map((item) => plainValue(shape.element, item));
    case 'map': {
      invariant(typeof value === 'object' && value !== null, 'the value of a map is an object');
      const entries = Object.entries(value).filter(([, inner]) => !isAbsent(inner));
      return Object.fromEntries(
        entries.map(([key, inner]) => [key, plainValue(shape.value, inner)]),
      );
    }
    case 'timestamp': {
      invariant(value instanceof Date, 'a time in a response is a Date');
      const { format = 'epoch-seconds' } = shape;
      return format === 'epoch-seconds' ? epochSeconds(value) : encodeTimestamp(value, format);
    }
    case 'blob':
      return encodeBlob(value);
    case 'integer':
    case 'number':
      invariant(Number.isFinite(value), 'a number in a response is finite');
      return value;
    default:
      return value;
  }
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}
