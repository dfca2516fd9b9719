import {
  readBase64,
  readBoolean,
  readInteger,
  readNumber,
  readTimestamp,
  type ScalarKind,
} from '@bakehouse/aws-model';
import { apiError, type ErrorDetails } from '@bakehouse/domain';

type Scalar = string | number | boolean | Date | Uint8Array;

/** Undefined means that the text is no value of the kind. */
type ScalarReader = (text: string) => Scalar | undefined;

const readers: Readonly<Record<ScalarKind, ScalarReader>> = {
  string: (text) => text,
  integer: readInteger,
  number: readNumber,
  boolean: readBoolean,
  timestamp: readTimestamp,
  blob: readBase64,
};

/** A scalar that came as text, with the name that the caller gave it. */
export interface NamedText {
  readonly name: string;
  readonly value: string;
  /** How the service refuses a bad value of this name, where it has words of its own. */
  readonly refusal?: ErrorDetails<'InvalidParameterValue'> | undefined;
}

/** The value, or `InvalidParameterValue`, whose message does not show what is secret. */
export function decodeScalar(
  kind: ScalarKind,
  { name, value, refusal }: NamedText,
  sensitive: boolean,
) {
  const scalar = readers[kind](value);
  if (scalar !== undefined) return scalar;
  if (refusal) throw apiError('InvalidParameterValue', refusal);
  throw apiError('InvalidParameterValue', {
    parameter: shown(name),
    kind,
    ...(sensitive ? {} : { value: shown(value) }),
  });
}

const shownCharactersMax = 200;

/** Caller's text, shortened for an error message. */
export function shown(text: string): string {
  return text.length <= shownCharactersMax ? text : `${text.slice(0, shownCharactersMax)}...`;
}
