import type { Ec2Input, Ec2Output } from '@bakehouse/aws-model';
import { ApiError, apiError, checkState } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { type CpuCredits, readCpuCredits } from '../../launch/instance-options.ts';
import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';

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

const failure = (id: string, code: FailureCode, message: string): Failure => ({
  InstanceId: id,
  Error: { Code: code, Message: message },
});

/** Undefined when the change was made. */
async function change(
  tx: ControlTransaction,
  context: OperationContext,
  [id, credits]: readonly [string, CpuCredits],
): Promise<Failure | undefined> {
  try {
    const instance = await ownedById(tx, context, 'instance', id);
    checkState('instance', instance, 'ModifyInstanceCreditSpecification');
    if (!instance.cpuCredits) {
      const message = `The instance type ${instance.instanceType} does not support CPU credits`;
      return failure(id, 'InstanceCreditSpecification.NotSupported', message);
    }
    await tx.put('instance', { ...instance, cpuCredits: credits });
    return undefined;
  } catch (error) {
    const code = error instanceof ApiError && failureCodes.find((each) => each === error.code);
    if (!code) throw error;
    return failure(id, code, error.message);
  }
}

/** The credits asked for, by instance id. Throws for an item without id or credits, and for two kinds for one instance. */
function askedCredits(items: readonly Item[]): ReadonlyMap<string, CpuCredits> {
  if (items.length === 0) {
    throw apiError('MissingParameter', { parameter: 'InstanceCreditSpecification' });
  }
  const asked = new Map<string, CpuCredits>();
  for (const { InstanceId: id, CpuCredits: text } of items) {
    if (id === undefined) throw apiError('MissingParameter', { parameter: 'InstanceId' });
    if (text === undefined) throw apiError('MissingParameter', { parameter: 'CpuCredits' });
    const credits = readCpuCredits(text);
    if ((asked.get(id) ?? credits) !== credits) {
      throw apiError('InvalidParameterCombination', {
        message: `Two different CPU credits are given for the instance ${id}`,
      });
    }
    asked.set(id, credits);
  }
  return asked;
}

/** The change of each instance succeeds or fails by itself, and is reported once. */
export const modifyInstanceCreditSpecification: Operation<
  'ModifyInstanceCreditSpecification'
> = async (context, request) => {
  const asked = askedCredits(request.InstanceCreditSpecifications);
  return await context.write(async (tx) => {
    const succeeded: { InstanceId: string }[] = [];
    const failed: Failure[] = [];
    for (const item of asked) {
      const problem = await change(tx, context, item);
      if (problem) failed.push(problem);
      else succeeded.push({ InstanceId: item[0] });
    }
    return {
      SuccessfulInstanceCreditSpecifications: succeeded,
      UnsuccessfulInstanceCreditSpecifications: failed,
    };
  });
};
