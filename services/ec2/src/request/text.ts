import { apiError } from '@bakehouse/domain';

/** Control characters but tab, line feed and carriage return: XML, files and terminals cannot hold them. */
const unprintable = /(?![\t\n\r])\p{Cc}|[\p{Cs}\uFFFE\uFFFF]/u;

/** Refuses control characters and lone surrogates, which XML replies cannot carry. */
export function checkPlainText(parameter: string, text: string): void {
  const [found] = unprintable.exec(text) ?? [];
  if (found === undefined) return;
  const code = (found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  throw apiError('InvalidParameterValue', {
    message: `The ${parameter} has the character U+${code}, which is not allowed in it`,
  });
}

const folded = (text: string) => text.trim().toLowerCase();

/**
 * The word that the text means, in its own spelling. Case and outer blanks do not count, as with the model's enums:
 * EC2 has words also where its model only says string.
 */
export function findWord<Word extends string>(
  text: string,
  words: readonly Word[],
): Word | undefined {
  const wanted = folded(text);
  return words.find((word) => folded(word) === wanted);
}

/** The text as one of these words; throws EC2's error for another one. */
export function oneOf<Value extends string>(
  parameter: string,
  text: string,
  allowed: readonly Value[],
): Value {
  const value = findWord(text, allowed);
  if (value !== undefined) return value;
  throw apiError('InvalidParameterValue', { parameter, value: text, expected: allowed });
}

const lengthMax = 255;

/** Refuses a description that is longer than EC2 allows or is not plain text. */
export function checkDescription(text: string | undefined): void {
  if (text === undefined) return;
  checkPlainText('description', text);
  if (text.length <= lengthMax) return;
  throw apiError('InvalidParameterValue', {
    message: `The description has ${text.length} characters; it must have at most ${lengthMax}`,
  });
}
