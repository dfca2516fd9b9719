import type {
  ListShape,
  MapShape,
  ScalarKind,
  ScalarShape,
  Shape,
  StructureShape,
} from './shape.ts';

/** More would only repeat what the first ones say. */
const problemsMax = 20;

/**
 * What keeps a value from being one of a shape, each with its place: members that the model lacks,
 * wrong types, values outside an enum, missing required members. Empty when the value conforms.
 */
export function nonconformities(shape: Shape, value: unknown): readonly string[] {
  return problemsOf(shape, value, '').take(problemsMax).toArray();
}

function* problemsOf(shape: Shape, value: unknown, place: string): Generator<string> {
  switch (shape.kind) {
    case 'structure':
      yield* structureProblems(shape, value, place);
      break;
    case 'list':
      yield* listProblems(shape, value, place);
      break;
    case 'map':
      yield* mapProblems(shape, value, place);
      break;
    case 'stream':
      if (!isStream(value)) yield `${place} is neither bytes nor a stream of them`;
      break;
    default:
      yield* scalarProblems(shape, value, place);
  }
}

function* structureProblems(shape: StructureShape, value: unknown, place: string) {
  if (!isPlainObject(value)) {
    yield `${place || shape.name} is not an object`;
    return;
  }
  const at = (name: string) => (place === '' ? name : `${place}.${name}`);
  const given = Object.entries(value).filter(([, inner]) => inner !== undefined);
  if (shape.isUnion && given.length !== 1) yield `${place} has not exactly one member`;
  for (const [name, inner] of given) {
    const member = shape.memberByName(name);
    if (member === undefined) yield `${at(name)} is not in the model`;
    else yield* problemsOf(member.shape, inner, at(name));
  }
  for (const { name, required } of shape.members) {
    if (required && value[name] === undefined) yield `${at(name)} is required and missing`;
  }
}

function* listProblems(shape: ListShape, value: unknown, place: string): Generator<string> {
  if (!Array.isArray(value)) yield `${place} is not an array`;
  else
    for (const [i, item] of value.entries())
      yield* problemsOf(shape.element, item, `${place}[${i}]`);
}

function* mapProblems(shape: MapShape, value: unknown, place: string): Generator<string> {
  if (!isPlainObject(value)) {
    yield `${place} is not an object`;
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    yield* problemsOf(shape.value, inner, `${place}[${key}]`);
  }
}

const scalarTests: Readonly<Record<ScalarKind, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  integer: Number.isSafeInteger,
  number: Number.isFinite,
  boolean: (value) => typeof value === 'boolean',
  timestamp: (value) => value instanceof Date && !Number.isNaN(value.getTime()),
  blob: (value) => value instanceof Uint8Array,
};

/** What EC2 returns for a value that its model spells otherwise: `Platform` of images and instances. */
const spellings: Readonly<Record<string, string>> = { windows: 'Windows' };

function* scalarProblems(shape: ScalarShape, value: unknown, place: string) {
  const shown = String(value).slice(0, 100);
  if (!scalarTests[shape.kind](value)) yield `${place} is not of kind ${shape.kind}: ${shown}`;
  else if (shape.values?.has(spellings[String(value)] ?? String(value)) === false) {
    yield `${place} has a value that its enum lacks: ${shown}`;
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return !(value instanceof Date) && !(value instanceof Uint8Array);
}

function isStream(value: unknown): boolean {
  if (value instanceof Uint8Array) return true;
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
