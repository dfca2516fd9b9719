export interface ErrorSpec {
  readonly status: number;
  readonly message: (details: never) => string;
}

/** For codes whose words depend on the case. */
export type Words = { readonly message: string };
export const words = (details: Words) => details.message;
/** One id that names nothing, or all of those that a request has. */
export type Absent = { readonly id: string } | { readonly ids: readonly string[] };
/** The error of an id that names nothing. */
export const absent = (noun: string, quoted: (ids: string) => string) => ({
  status: 400,
  message: (d: Absent) => {
    const ids = 'id' in d ? [d.id] : d.ids;
    const [s, verb] = ids.length > 1 ? ['s', 'do not'] : ['', 'does not'];
    return `The ${noun}${s} ${quoted(ids.join(', '))} ${verb} exist`;
  },
});
export const missing = (noun: string) => absent(noun, (ids) => `'${ids}'`);
/** The error of text that is not an id of this prefix. */
export const malformed = (prefix: string) => ({
  status: 400,
  message: (d: { id: string }) => `Invalid id: "${d.id}" (expecting "${prefix}-...")`,
});
/** An error that is worded where it is thrown. */
export const worded = { status: 400, message: words };
