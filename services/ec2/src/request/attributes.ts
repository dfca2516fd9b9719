import { apiError } from '@bakehouse/domain';

/** What a Modify…Attribute request gives, by EC2's name of the attribute. An empty list gives nothing. */
export type GivenAttributes<Name extends string> = Readonly<Record<Name, unknown>>;

const isGiven = (value: unknown) =>
  value !== undefined && !(Array.isArray(value) && value.length === 0);

/**
 * The one attribute that a Modify…Attribute request changes: the one that it names (`Attribute`, older clients) or
 * whose member it gives. Throws when there is none or more than one.
 */
export function oneAttribute<Name extends string>(
  given: GivenAttributes<Name>,
  named?: Name | undefined,
): Name {
  const names = new Set((Object.keys(given) as Name[]).filter((name) => isGiven(given[name])));
  if (named !== undefined) names.add(named);
  const [name, second] = names;
  if (name === undefined) {
    throw apiError('InvalidParameterCombination', { message: 'No attributes specified.' });
  }
  if (second === undefined) return name;
  throw apiError('InvalidParameterCombination', {
    message: `Fields for multiple attribute types specified: ${[...names].join(', ')}. Change one attribute at a time, each by a request of its own`,
  });
}

/**
 * The value of an attribute that is given as a member, in the older form (`Attribute` and `Value`), or in both. Both
 * forms must have the same value. Without a value nothing is erased: the request is refused.
 */
export function attributeValue<Value>(
  member: { readonly Value?: Value | undefined } | undefined,
  older?: { readonly attribute: string; readonly value: Value | undefined },
): Value {
  const value = member?.Value ?? older?.value;
  if (value === undefined) throw apiError('MissingParameter', { parameter: 'value' });
  if (older?.value === undefined || older.value === value) return value;
  throw apiError('InvalidParameterCombination', {
    message: `The attribute ${older.attribute} has two values: ${value} and ${older.value}`,
  });
}

/** The values of an attribute that is a list, of which there must be one. The parameter is EC2's, as `GroupId.N`. */
export function attributeList<Item>(
  items: readonly Item[] | undefined,
  parameter: string,
): readonly Item[] {
  if (items?.length) return items;
  throw apiError('MissingParameter', { parameter });
}
