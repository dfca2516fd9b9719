import { type ErrorCode, type ErrorDetails, errorCatalogue } from './catalogue.ts';

/** An answer to the caller, in EC2's own code and words. What is private stays in `cause`. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: string;
  readonly status: number;

  constructor(code: string, status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.status = status;
  }
}

/** Makes the catalogue's error; the details that its words need are checked by the compiler. */
export function apiError<Code extends ErrorCode>(
  code: Code,
  details: ErrorDetails<Code>,
  options?: ErrorOptions,
): ApiError {
  const spec = errorCatalogue[code];
  const words = spec.message as (details: ErrorDetails<Code>) => string;
  return new ApiError(code, spec.status, words(details), options);
}
