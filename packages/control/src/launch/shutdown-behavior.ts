import { apiError } from '@bakehouse/domain';

/** What a guest that powers itself off means; `stop` unless said otherwise. */
export function shutdownBehavior(text: string | undefined): 'stop' | 'terminate' {
  if (text === undefined || text === 'stop') return 'stop';
  if (text === 'terminate') return 'terminate';
  throw apiError('InvalidParameterValue', {
    message: `Value (${text}) for parameter instanceInitiatedShutdownBehavior is invalid.`,
  });
}
