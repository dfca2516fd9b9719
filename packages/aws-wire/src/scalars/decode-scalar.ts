import {
  readBase64,
  readBoolean,
  readInteger,
  readNumber,
  readTimestamp,
  type ScalarKind,
} from '@bakehouse/aws-model';
import { apiError } from '@bakehouse/domain';

type Scalar = string | number | boolean | Date | Uint8Array;

interface ScalarReader {
  readonly noun: string;
  /** Undefined means that the text is no value of the kind. */
  readonly read: (text: string) => Scalar | undefined;
}

const readers: Readonly<Record<ScalarKind, ScalarReader>> = {
  string: { noun: 'a string', read: (text) => text },
  integer: { noun: 'an integer', read: readInteger },
  number: { noun: 'a number', read: readNumber },
  boolean: { noun: 'true or false', read: readBoolean },
  timestamp: { noun: 'a time such as 2026-01-31T23:59:59Z', read: readTimestamp },
  blob: { noun: 'base64-encoded bytes', read: readBase64 },
};

/** A scalar that came as text, with the name that the caller gave it. */
export interface NamedText {
  readonly name: string;
  readonly value: string;
}

/** The value, or `InvalidParameterValue`, whose message does not show what is secret. */
export function decodeScalar(kind: ScalarKind, { name, value }: NamedText, sensitive: boolean) {
  const { noun, read } = readers[kind];
  const scalar = read(value);
  if (scalar !== undefined) return scalar;
  throw apiError('InvalidParameterValue', {
    parameter: shown(name),
    hint: `Expected ${noun}.`,
    ...(sensitive ? {} : { value: shown(value) }),
  });
}

const shownCharactersMax = 200;

/** Caller's text, shortened for an error message. */
export function shown(text: string): string {
  return text.length <= shownCharactersMax ? text : `${text.slice(0, shownCharactersMax)}...`;
}
