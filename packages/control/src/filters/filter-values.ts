/** Times as filters compare them: `2026-11-22T02:26:00.000Z`. */
export const isoTime = (at: number | undefined) =>
  at === undefined ? undefined : new Date(at).toISOString();

/** Documented filters that nothing on this platform has a value for: accepted, and nothing matches. */
export function nothing(names: readonly string[]): Record<string, () => undefined> {
  return Object.fromEntries(names.map((name) => [name, () => undefined]));
}
