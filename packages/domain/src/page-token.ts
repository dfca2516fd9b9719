import { apiError } from './errors/api-error.ts';

/** The version of a token's content. It changes with the content, so that no release misreads another's tokens. */
const version = 'v2';

const head = (operation: string) => `${version} ${operation} `;

/**
 * A NextToken as clients see it: its version, its operation, and the place to go on from. It is encoded, not signed,
 * so operations treat the place as any other text of a request.
 */
export const sealPageToken = (operation: string, place: string): string =>
  Buffer.from(`${head(operation)}${place}`).toString('base64url');

/** The place that a client's NextToken names; throws `InvalidNextToken` for one of another version or operation. */
export function openPageToken(operation: string, token: string): string {
  const text = Buffer.from(token, 'base64url').toString('utf8');
  const expected = head(operation);
  if (!text.startsWith(expected)) throw apiError('InvalidNextToken', {});
  return text.slice(expected.length);
}
