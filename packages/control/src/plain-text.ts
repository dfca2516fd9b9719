import { apiError } from '@bakehouse/domain';

/** All but tab, line feed and carriage return: what XML, files and terminals cannot hold. */
const unprintable = /(?![\t\n\r])\p{Cc}|[\p{Cs}\uFFFE\uFFFF]/u;

/** Refuses control characters and halves of characters, which answers could not carry. */
export function checkPlainText(parameter: string, text: string): void {
  const [found] = unprintable.exec(text) ?? [];
  if (found === undefined) return;
  const code = (found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  throw apiError('InvalidParameterValue', {
    message: `The ${parameter} has the character U+${code}, which is not allowed in it`,
  });
}
