import type { ScalarKind } from '@bakehouse/aws-model';
import { apiError } from '@bakehouse/domain';
import { type FormParameter, shown } from './form-parameters.ts';

type Scalar = string | number | boolean | Date | Uint8Array;

/** `undefined` means that the text is no value of the kind. */
type ReadScalar = (text: string) => Scalar | undefined;

const isoTimestamp =
  /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?$/i;
const epochSeconds = /^-?\d{1,11}(?:\.\d{1,9})?$/;
const decimal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?$/i;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

const kinds: Readonly<Record<ScalarKind, { readonly noun: string; readonly read: ReadScalar }>> = {
  string: { noun: 'a string', read: (text) => text },
  integer: { noun: 'an integer', read: readInteger },
  number: { noun: 'a number', read: readNumber },
  boolean: { noun: 'true or false', read: readBoolean },
  timestamp: { noun: 'a time such as 2026-01-31T23:59:59Z', read: readTimestamp },
  blob: { noun: 'base64-encoded bytes', read: readBlob },
};

/** The value of a parameter, or `InvalidParameterValue`; what is secret is not shown in the words. */
export function decodeScalar(kind: ScalarKind, parameter: FormParameter, sensitive: boolean) {
  const { noun, read } = kinds[kind];
  const value = read(parameter.value);
  if (value !== undefined) return value;
  const given = sensitive ? 'Value' : `Value (${shown(parameter.value)})`;
  throw apiError('InvalidParameterValue', {
    message: `${given} for parameter ${shown(parameter.name)} is invalid. Expected ${noun}.`,
  });
}

function readInteger(text: string): number | undefined {
  if (!/^[+-]?\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value)) return undefined;
  return value === 0 ? 0 : value;
}

function readNumber(text: string): number | undefined {
  if (!decimal.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** `True` comes from scripts that print a Python boolean; `1` and `0` are XML Schema's. */
function readBoolean(text: string): boolean | undefined {
  const word = text.toLowerCase();
  if (word === 'true' || word === '1') return true;
  if (word === 'false' || word === '0') return false;
  return undefined;
}

/** ISO 8601, without an offset in UTC; or seconds since 1970. */
function readTimestamp(text: string): Date | undefined {
  const time = epochSeconds.test(text) ? Number(text) * 1000 : readIso(text);
  return hasFourDigitYear(time) ? new Date(time) : undefined;
}

function readIso(text: string): number {
  if (!isoTimestamp.test(text)) return Number.NaN;
  const upper = text.toUpperCase();
  const hasOffset = !upper.includes('T') || /(?:Z|[+-]\d\d:?\d\d)$/.test(upper.slice(10));
  return Date.parse(hasOffset ? upper : `${upper}Z`);
}

/** XML's timestamps have four digits for the year, and an answer may repeat what was given. */
function hasFourDigitYear(time: number): boolean {
  return time >= Date.parse('0000-01-01T00:00:00Z') && time <= Date.parse('9999-12-31T23:59:59Z');
}

function readBlob(text: string): Uint8Array | undefined {
  return base64.test(text) ? new Uint8Array(Buffer.from(text, 'base64')) : undefined;
}
