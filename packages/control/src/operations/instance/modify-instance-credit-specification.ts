import type { Ec2Input, Ec2Output } from '@bakehouse/aws-model';
import { ApiError, apiError } from '@bakehouse/domain';
import type { OperationContext } from '../../context.ts';
import { ownedById } from '../../lookups.ts';
import type { Operation } from '../../operation.ts';
import type { ControlTransaction } from '../../workflow/transaction.ts';
import { checkState } from './instance-state-change.ts';

type Item = NonNullable<
  Ec2Input<'ModifyInstanceCreditSpecification'>['InstanceCreditSpecifications']
>[number];
type Output = Ec2Output<'ModifyInstanceCreditSpecification'>;
type Failure = NonNullable<Output['UnsuccessfulInstanceCreditSpecifications']>[number];
type FailureCode = NonNullable<NonNullable<Failure['Error']>['Code']>;

const failureCodes: readonly FailureCode[] = [
  'IncorrectInstanceState',
  'InvalidInstanceID.Malformed',
  'InvalidInstanceID.NotFound',
];

function failure(item: Item, code: FailureCode, message: string): Failure {
  return {
    ...(item.InstanceId === undefined ? {} : { InstanceId: item.InstanceId }),
    Error: { Code: code, Message: message },
  };
}

/** Undefined when the change was made. */
async function change(
  tx: ControlTransaction,
  context: OperationContext,
  item: Item,
): Promise<Failure | undefined> {
  const credits = item.CpuCredits;
  if (credits !== 'standard' && credits !== 'unlimited') {
    throw apiError('InvalidParameterValue', { message: `Invalid CPU credits '${credits}'` });
  }
  try {
    const instance = await ownedById(tx, context, 'instance', item.InstanceId);
    checkState(instance, ['pending', 'running', 'stopping', 'stopped'], 'modified');
    if (!instance.cpuCredits) {
      const message = `The instance type ${instance.instanceType} does not support CPU credits`;
      return failure(item, 'InstanceCreditSpecification.NotSupported', message);
    }
    await tx.put('instance', { ...instance, cpuCredits: credits });
    return undefined;
  } catch (error) {
    const code = error instanceof ApiError && failureCodes.find((each) => each === error.code);
    if (!code) throw error;
    return failure(item, code, error.message);
  }
}

/** Each item succeeds or fails by itself. */
export const modifyInstanceCreditSpecification: Operation<
  'ModifyInstanceCreditSpecification'
> = async (context, request) =>
  await context.write(async (tx) => {
    const succeeded: { InstanceId: string }[] = [];
    const failed: Failure[] = [];
    for (const item of request.InstanceCreditSpecifications) {
      const problem = await change(tx, context, item);
      if (problem) failed.push(problem);
      else succeeded.push({ InstanceId: item.InstanceId ?? '' });
    }
    return {
      SuccessfulInstanceCreditSpecifications: succeeded,
      UnsuccessfulInstanceCreditSpecifications: failed,
    };
  });
