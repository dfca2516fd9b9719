import type {
  HttpBinding,
  Member,
  ProtocolName,
  ScalarKind,
  ScalarShape,
  Shape,
  StructureShape,
} from '@bakehouse/aws-model';
import fc from 'fast-check';

/** What a protocol can carry, and members that are of no use in a test. */
export interface ValueOptions {
  readonly protocol: ProtocolName;
  /** Members by name that an SDK's own middleware rewrites. */
  readonly without?: ReadonlySet<string>;
  /** Values for members by name, outside bodies, that an SDK checks or sets itself. */
  readonly fixed?: Readonly<Record<string, unknown>>;
}

/**
 * A value of a shape: required members always, others by chance. What the protocols cannot hold is
 * left out: XML and Query requests have no empty lists, maps and structures.
 */
export function arbitraryStructure(
  shape: StructureShape,
  options: ValueOptions,
  depth = 0,
): fc.Arbitrary<Record<string, unknown>> {
  const members = shape.members.filter(
    (member) =>
      options.without?.has(member.name) !== true &&
      (depth < depthMax ||
        shape.isUnion ||
        member.required ||
        !canBeEmpty(options) ||
        !isCompound(member.shape)),
  );
  const entries = members.map(
    (member) => [member.name, arbitraryMember(member, options, depth)] as const,
  );
  if (shape.isUnion) {
    return fc.oneof(...entries.map(([name, value]) => fc.record({ [name]: value }, ordinary)));
  }
  const requiredKeys = members
    .filter((member) => isAlwaysSent(member) || isFixed(member, options))
    .map((member) => member.name);
  return fc.record(Object.fromEntries(entries), { requiredKeys, ...ordinary });
}

/**
 * Objects as programs write them. The SDK's middleware of CopySnapshot makes a text of each member,
 * and an object without a prototype has none.
 */
const ordinary = { noNullPrototype: true };

/** Deeper structures of JSON have scalars only, because some shapes contain themselves. */
const depthMax = 3;

function canBeEmpty({ protocol }: ValueOptions): boolean {
  return protocol.includes('Json');
}

function isCompound(shape: Shape): boolean {
  return shape.kind === 'structure' || shape.kind === 'list' || shape.kind === 'map';
}

/**
 * The SDK invents an idempotency token where there is none. Every message has a body, and headers of
 * which none begins with a prefix are an empty map.
 */
function isAlwaysSent({ required, idempotencyToken, binding }: Member): boolean {
  const isPart = binding?.kind === 'payload' || binding?.kind === 'prefixHeaders';
  return required || idempotencyToken || isPart;
}

function isFixed({ name, binding }: Member, { fixed = {} }: ValueOptions): boolean {
  return binding !== undefined && Object.hasOwn(fixed, name);
}

function arbitraryMember(
  member: Member,
  options: ValueOptions,
  depth: number,
): fc.Arbitrary<unknown> {
  const { name, shape, binding } = member;
  if (isFixed(member, options)) return fc.constant(options.fixed?.[name]);
  if (member.attribute) return headerText;
  if (binding?.kind === 'payload' && shape.kind === 'string') return headerText;
  if (binding === undefined || binding.kind === 'payload') return arbitrary(shape, options, depth);
  return bound(shape, binding);
}

function arbitrary(shape: Shape, options: ValueOptions, depth: number): fc.Arbitrary<unknown> {
  const minLength = canBeEmpty(options) ? 0 : 1;
  switch (shape.kind) {
    case 'structure':
      return arbitraryStructure(shape, options, depth + 1).filter(
        (value) => minLength === 0 || shape.members.length === 0 || Object.keys(value).length > 0,
      );
    case 'list':
      return fc.array(arbitrary(shape.element, options, depth), {
        minLength,
        maxLength: 2,
      });
    case 'map':
      return fc.dictionary(key, arbitrary(shape.value, options, depth), {
        minKeys: minLength,
        maxKeys: 2,
        ...ordinary,
      });
    case 'stream':
      return fc.uint8Array({ minLength: 1, maxLength: 8 });
    case 'string':
      return arbitraryString(shape);
    case 'timestamp':
      return shape.format === 'http-date' ? wholeSeconds : scalars.timestamp;
    default:
      return scalars[shape.kind];
  }
}

/** Values of an enum and, because services add values, any other. */
function arbitraryString({ values }: ScalarShape): fc.Arbitrary<string> {
  if (values === undefined) return text;
  return fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...values.all) }, text);
}

/**
 * Text without what XML cannot hold, but with markup, quotes, accents and surrogate pairs. The SDK
 * reads white space with a line feed in it, and nothing else, as an empty text.
 */
const text = fc
  .string({
    unit: fc.constantFrom(...'aZ09 &<>"\'%+=;:/?#[]{}\\~é日', '\n', '\t', '\r', '😀', '\u0085'),
    maxLength: 8,
  })
  .filter((value) => value === '' || value.trim() !== '');

const key = fc.string({ unit: fc.constantFrom(...'abc-.'), minLength: 1, maxLength: 4 });

/** A header's value has no outer blanks, and lists of them are cut at commas. */
const headerText = fc
  .string({ unit: fc.constantFrom(..."aZ09 &<>'%+=;:/?#[]{}~"), minLength: 1, maxLength: 8 })
  .map((value) => value.trim())
  .filter((value) => value !== '');

const timestampRange = {
  min: new Date('1970-01-01T00:00:00Z'),
  max: new Date('2999-12-31T23:59:59Z'),
  noInvalidDate: true,
};
const wholeSeconds = fc
  .date(timestampRange)
  .map((date) => new Date(Math.trunc(date.getTime() / 1000) * 1000));

const scalars: Readonly<Record<ScalarKind, fc.Arbitrary<unknown>>> = {
  string: text,
  integer: fc.integer(),
  number: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  boolean: fc.boolean(),
  timestamp: fc.date(timestampRange),
  blob: fc.uint8Array({ maxLength: 8 }),
};

function bound(shape: Shape, binding: HttpBinding): fc.Arbitrary<unknown> {
  const inHeader = binding.kind === 'header' || binding.kind === 'prefixHeaders';
  switch (shape.kind) {
    case 'list':
      return fc.array(bound(shape.element, binding), { minLength: 1, maxLength: 2 });
    case 'map':
      return fc.dictionary(key, headerText, { minKeys: 1, maxKeys: 2, ...ordinary });
    case 'string':
      return inHeader ? headerText : text.filter((value) => value !== '');
    case 'timestamp':
      return inHeader || shape.format === 'http-date' ? wholeSeconds : scalars.timestamp;
    case 'number':
      return binding.kind === 'label' ? fc.nat() : fc.integer();
    case 'integer':
    case 'boolean':
      return scalars[shape.kind];
    default:
      throw new Error(`no arbitrary value of kind ${shape.kind} for a ${binding.kind}`);
  }
}
