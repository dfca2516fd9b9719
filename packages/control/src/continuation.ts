import { apiError } from '@bakehouse/domain';

/**
 * An operation's NextToken as clients see it names the operation, so that another one does not take it for its
 * own; the operation itself sees what it gave.
 */
export function openToken(operation: string, request: object): object {
  if (!('NextToken' in request) || typeof request.NextToken !== 'string') return request;
  if (request.NextToken === '') return request;
  const text = Buffer.from(request.NextToken, 'base64url').toString('utf8');
  const mark = `${operation} `;
  if (!text.startsWith(mark)) throw apiError('InvalidNextToken', {});
  return { ...request, NextToken: text.slice(mark.length) };
}

/** The answer with its NextToken, if it has one, as clients are to see it. */
export function sealToken(operation: string, answer: object): object {
  if (!('NextToken' in answer) || typeof answer.NextToken !== 'string') return answer;
  const NextToken = Buffer.from(`${operation} ${answer.NextToken}`).toString('base64url');
  return { ...answer, NextToken };
}
