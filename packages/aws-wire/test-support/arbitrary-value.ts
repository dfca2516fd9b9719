import type { Member, ScalarKind, Shape, StructureShape } from '@bakehouse/aws-model';
import fc from 'fast-check';

/**
 * A value of a shape: required members always, others by chance. What the protocols cannot hold is
 * left out: a Query request has no empty list and no empty structure.
 */
export function arbitraryStructure(shape: StructureShape): fc.Arbitrary<Record<string, unknown>> {
  const entries = shape.members.map((member) => [member.name, arbitrary(member.shape)] as const);
  const requiredKeys = shape.members.filter(isAlwaysSent).map((member) => member.name);
  return fc.record(Object.fromEntries(entries), { requiredKeys });
}

/** The SDK invents an idempotency token where there is none. */
function isAlwaysSent(member: Member): boolean {
  return member.required || member.idempotencyToken;
}

function arbitrary(shape: Shape): fc.Arbitrary<unknown> {
  if (shape.kind === 'structure') {
    return arbitraryStructure(shape).filter((value) => Object.keys(value).length > 0);
  }
  if (shape.kind !== 'list') return scalars[shape.kind];
  return fc.array(arbitrary(shape.element), { minLength: 1, maxLength: 2 });
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

const scalars: Readonly<Record<ScalarKind, fc.Arbitrary<unknown>>> = {
  string: text,
  integer: fc.integer(),
  number: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  boolean: fc.boolean(),
  timestamp: fc.date({
    min: new Date('1970-01-01T00:00:00Z'),
    max: new Date('2999-12-31T23:59:59Z'),
    noInvalidDate: true,
  }),
  blob: fc.uint8Array({ maxLength: 8 }),
};
