import vm from 'node:vm';
import { apiError } from '@bakehouse/domain';

/** A pattern that needs longer is refused: it would keep every other request waiting. */
const matchLimitMs = 20;
const patternCharactersMax = 1024;

const malformed = (pattern: string) =>
  apiError('InvalidAllowedPatternException', {
    message: `The request does not meet the regular expression requirement: ${pattern} is not a regular expression.`,
  });

const timeoutCode = 'ERR_SCRIPT_EXECUTION_TIMEOUT';

/** The error may be of the other context, whose `Error` is another. */
const isTimeout = (error: unknown) =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === timeoutCode;

/** True or false, or `late` for a pattern that did not end in time. */
function matches(pattern: string, value: string): boolean | 'late' {
  try {
    const found = vm.runInNewContext(
      'expression.test(value)',
      { expression: new RegExp(pattern), value },
      { timeout: matchLimitMs },
    );
    return found === true;
  } catch (error) {
    if (error instanceof SyntaxError) throw malformed(pattern);
    if (isTimeout(error)) return 'late';
    throw error;
  }
}

/** Refuses a value that the parameter's AllowedPattern does not match. */
export function checkAllowedPattern(pattern: string, value: string): void {
  if (pattern.length > patternCharactersMax) {
    throw apiError('InvalidAllowedPatternException', {
      message: `A pattern may have ${patternCharactersMax} characters, this one has ${pattern.length}.`,
    });
  }
  // Tried three times, as a pause of the host counts too.
  let found = matches(pattern, value);
  for (let again = 0; found === 'late' && again < 2; again += 1) found = matches(pattern, value);
  if (found === true) return;
  if (found === false) {
    throw apiError('ParameterPatternMismatchException', {
      message: `Parameter value, cannot be validated against allowedPattern: ${pattern}`,
    });
  }
  throw apiError('InvalidAllowedPatternException', {
    message: `Matching the value against the pattern ${pattern} takes too long; use a simpler one.`,
  });
}
