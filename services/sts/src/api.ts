import { servedApi } from '@bakehouse/aws-model';
import type { CallScope } from '@bakehouse/orchestration';
import { getCallerIdentity } from './operations/get-caller-identity.ts';

/** STS: all that is known of callers is their account. */
export const stsApi = servedApi<'sts', CallScope>('sts', {
  GetCallerIdentity: getCallerIdentity,
});
