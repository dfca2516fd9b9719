/** One place of a pattern: a character, any one character, or any text. */
type Part =
  | { readonly kind: 'character'; readonly value: string }
  | { readonly kind: 'one' | 'any' };

function partsOf(pattern: string): readonly Part[] {
  return Array.from(pattern.matchAll(/\\(.)|\*+|./gsu), ([text, escaped]): Part => {
    if (escaped !== undefined) return { kind: 'character', value: escaped };
    if (text.startsWith('*')) return { kind: 'any' };
    return text === '?' ? { kind: 'one' } : { kind: 'character', value: text };
  });
}

/** True when a filter's value is a pattern and not plain text. */
export function isWildcard(pattern: string): boolean {
  return /[*?\\]/.test(pattern);
}

/**
 * Matches whole values: `*` is any text, `?` one character, `\` takes the meaning away. A caller's pattern
 * must not be able to occupy the server, so this takes at most the product of both lengths in steps: on a
 * mismatch only the last `*` takes one character more.
 */
export function wildcardMatcher(pattern: string): (value: string) => boolean {
  const parts = partsOf(pattern);
  return (value) => {
    const characters = Array.from(value);
    let [at, part] = [0, 0];
    let star: { readonly part: number; at: number } | undefined;
    while (at < characters.length) {
      const wanted = parts[part];
      if (wanted?.kind === 'any') {
        star = { part, at };
        part += 1;
      } else if (
        wanted?.kind === 'one' ||
        (wanted?.kind === 'character' && wanted.value === characters[at])
      ) {
        at += 1;
        part += 1;
      } else if (star) {
        star.at += 1;
        at = star.at;
        part = star.part + 1;
      } else {
        return false;
      }
    }
    while (parts[part]?.kind === 'any') part += 1;
    return part === parts.length;
  };
}
