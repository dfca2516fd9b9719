import type { ServiceOperation } from '@bakehouse/aws-model';
import { rootUserArn } from '@bakehouse/domain';
import type { CallScope } from '@bakehouse/orchestration';

/** The account's root user, to whom every access key here belongs. */
export const getCallerIdentity: ServiceOperation<'sts', 'GetCallerIdentity', CallScope> = async ({
  accountId,
  region,
}) => ({
  UserId: accountId,
  Account: accountId,
  Arn: rootUserArn({ region, ownerId: accountId }),
});
