import { headerValue, type RequestHead } from '../message.ts';
import { queryParameters } from '../query-string.ts';

const headerPattern = /^AWS ([\w+=,.@-]{1,128}):/;
const keyPattern = /^[\w+=,.@-]{1,128}$/;

/** True when a request without a Version 4 signature may have one of Version 2 in its body. */
export function mayHaveSignatureV2InBody({ headers }: RequestHead): boolean {
  const contentType = headerValue(headers, 'content-type') ?? '';
  return contentType.startsWith('application/x-www-form-urlencoded');
}

/**
 * The access key of a request with Signature Version 2, unverified: in the `Authorization` header,
 * the query or a form body. Undefined when there is none.
 */
export function signatureV2Key(head: RequestHead, form = ''): string | undefined {
  const header = headerPattern.exec(headerValue(head.headers, 'authorization') ?? '');
  if (header !== null) return header[1];
  for (const text of [head.rawQuery, form]) {
    if (!text.includes('AWSAccessKeyId=')) continue;
    const key = queryParameters(text).find(([name]) => name === 'AWSAccessKeyId')?.[1];
    if (key !== undefined && keyPattern.test(key)) return key;
  }
  return undefined;
}
