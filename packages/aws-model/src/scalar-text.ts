/**
 * How AWS's Query services, headers and query strings write scalars as text, and how EC2 reads
 * them: more forms than its documentation names. One reading for decoders and for the services,
 * whose models call some booleans and base64 texts plain strings. `undefined`: not such a text.
 */

/** `True` comes from scripts that print a Python boolean; `1` and `0` are XML Schema's. */
export function readBoolean(text: string): boolean | undefined {
  const word = text.trim().toLowerCase();
  if (word === 'true' || word === '1') return true;
  if (word === 'false' || word === '0') return false;
  return undefined;
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

/** Base64 with or without padding, in one line or, as `base64` and openssl print it, in several. */
export function readBase64(text: string): Uint8Array | undefined {
  const joined = /\s/.test(text) ? text.trim().replaceAll(/[ \t]*[\r\n]+[ \t]*/g, '') : text;
  return base64.test(joined) ? new Uint8Array(Buffer.from(joined, 'base64')) : undefined;
}

export function readInteger(text: string): number | undefined {
  if (!/^[+-]?\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value)) return undefined;
  return value === 0 ? 0 : value;
}

const decimal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?$/i;

export function readNumber(text: string): number | undefined {
  if (!decimal.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

const isoTimestamp =
  /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?$/i;
const epochSeconds = /^-?\d{1,11}(?:\.\d{1,9})?$/;
/** RFC 9110's IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT`. */
const httpDate =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d(?:\.\d{1,9})? GMT$/;

/** ISO 8601, without an offset in UTC; seconds since 1970; or HTTP's date. */
export function readTimestamp(text: string): Date | undefined {
  return dateOf(millisecondsOf(text));
}

/** A date with a year of four digits, as all text forms have it. */
export function dateOf(time: number): Date | undefined {
  const isWritable =
    time >= Date.parse('0000-01-01T00:00:00Z') && time <= Date.parse('9999-12-31T23:59:59.999Z');
  return isWritable ? new Date(time) : undefined;
}

function millisecondsOf(text: string): number {
  if (epochSeconds.test(text)) return Math.round(Number(text) * 1000);
  if (httpDate.test(text)) return Date.parse(text);
  if (!isoTimestamp.test(text)) return Number.NaN;
  const upper = text.toUpperCase();
  const hasOffset = !upper.includes('T') || /(?:Z|[+-]\d\d:?\d\d)$/.test(upper.slice(10));
  return Date.parse(hasOffset ? upper : `${upper}Z`);
}
