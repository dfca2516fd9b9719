import { apiError } from '@bakehouse/domain';

/** The parameters of a query string in their order, decoded. Throws `MalformedQueryString`. */
export function queryParameters(rawQuery: string): (readonly [string, string])[] {
  const parts = rawQuery.split('&').filter((part) => part !== '');
  return parts.map((part) => {
    const equals = part.indexOf('=');
    if (equals === -1) return [queryDecode(part), ''] as const;
    return [queryDecode(part.slice(0, equals)), queryDecode(part.slice(equals + 1))] as const;
  });
}

export function queryDecode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (cause) {
    const message = 'The query string is not validly percent-encoded UTF-8.';
    throw apiError('MalformedQueryString', { message }, { cause });
  }
}
