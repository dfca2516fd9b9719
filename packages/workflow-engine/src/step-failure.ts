import { messageOf } from '@bakehouse/base';
import type { Failure } from '@bakehouse/domain';

/** Thrown by a step for a failure that has a name. Retry rules and undo actions decide by the code. */
export class StepFailure extends Error {
  override readonly name = 'StepFailure';
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The code of a failure that nobody gave a name to. */
const internalError = 'InternalError';

/** Gives a name to an adapter's error; undefined for one that it does not know. */
export type FailureNamer = (error: unknown) => string | undefined;

export function failureOf(error: unknown, nameOf: FailureNamer = () => undefined): Failure {
  const code = error instanceof StepFailure ? error.code : nameOf(error);
  return { code: code ?? internalError, message: messageOf(error) };
}
