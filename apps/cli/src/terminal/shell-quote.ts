/** The text as one word of a POSIX shell; plain where it may be. */
export function shellQuote(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A command line to copy. */
export const shellCommand = (words: readonly string[]): string => words.map(shellQuote).join(' ');
