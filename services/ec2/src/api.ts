import { type ServedApi, servedApi } from '@bakehouse/aws-model';
import { apiError } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { operations } from './operations/registry.ts';
import { rehearsal } from './rehearsal.ts';
import { openToken, sealToken } from './request/paging.ts';

const plain = servedApi<'ec2', OperationContext>('ec2', operations);

/**
 * EC2's API. With `DryRun` an operation is rehearsed: whatever would be refused is refused, and what
 * would succeed ends with `DryRunOperation`, without having happened.
 */
export const ec2Api: ServedApi<OperationContext> = {
  ...plain,
  async call(name, context, input) {
    const opened = openToken(name, input);
    const isRehearsed = 'DryRun' in input && input.DryRun === true;
    if (!isRehearsed) return sealToken(name, await plain.call(name, context, opened));
    await plain.call(name, rehearsal(context), opened);
    throw apiError('DryRunOperation', {});
  },
};
