/**
 * The function, which for each first argument remembers its last value, and returns it again for the same other arguments.
 * For objects that never change: they are compared by identity.
 */
export function rememberLast<First extends WeakKey, Rest extends readonly unknown[], Value>(
  compute: (first: First, ...rest: Rest) => Value,
): (first: First, ...rest: Rest) => Value {
  const known = new WeakMap<First, { readonly rest: Rest; readonly value: Value }>();
  return (first, ...rest) => {
    const last = known.get(first);
    if (last && isSame(last.rest, rest)) return last.value;
    const value = compute(first, ...rest);
    known.set(first, { rest, value });
    return value;
  };
}

function isSame(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((each, index) => each === other[index]);
}
