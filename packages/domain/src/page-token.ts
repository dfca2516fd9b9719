import { apiError } from './errors/api-error.ts';

/** A NextToken as clients see it: it names its operation, so that another refuses it, and the place to go on from. */
export const sealPageToken = (operation: string, place: string): string =>
  Buffer.from(`${operation} ${place}`).toString('base64url');

/** The place that a client's NextToken names; throws `InvalidNextToken` for one of another operation. */
export function openPageToken(operation: string, token: string): string {
  const text = Buffer.from(token, 'base64url').toString('utf8');
  const mark = `${operation} `;
  if (!text.startsWith(mark)) throw apiError('InvalidNextToken', {});
  return text.slice(mark.length);
}
