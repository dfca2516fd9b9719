import { apiError } from '@bakehouse/domain';

export const invalid = (message: string) => apiError('ValidationException', { message });

/** SSM's words for a member that breaks a rule of the model. */
export const brokenRule = (place: string, rule: string) =>
  invalid(`1 validation error detected: Value at '${place}' failed to satisfy constraint: ${rule}`);
