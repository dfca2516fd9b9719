/** `T` without undefined: members that may be undefined may be missing instead. */
type Defined<T> = {
  readonly [K in keyof T as undefined extends T[K] ? never : K]: T[K];
} & {
  readonly [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** The members that are not undefined: a record leaves out what it does not have. */
export function definedMembers<T extends object>(given: T): Defined<T> {
  const members = Object.entries(given).filter(([, value]) => value !== undefined);
  // TypeScript cannot see that no undefined is left.
  return Object.fromEntries(members) as Defined<T>;
}
