import { apiError } from '@bakehouse/domain';

/** EC2's refusal of an attribute that the resource does not have, or that cannot be changed like this. */
export function unknownAttribute(attribute: string, known: readonly string[]) {
  return apiError('InvalidParameterValue', {
    message: `Value (${attribute}) for parameter attribute is invalid. Expecting one of: ${known.join(', ')}`,
  });
}
