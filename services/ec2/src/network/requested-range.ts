import { apiError, canonicalIpv4Cidr } from '@bakehouse/domain';

/** The range that a parameter names, with its host bits masked as EC2 does. Throws EC2's error for text that is none. */
export function requestedRange(parameter: string, text: string | undefined): string {
  if (!text) throw apiError('MissingParameter', { parameter });
  const range = canonicalIpv4Cidr(text);
  if (range !== undefined) return range;
  const hint = 'This is not a valid CIDR block.';
  throw apiError('InvalidParameterValue', { parameter, value: text, hint });
}
