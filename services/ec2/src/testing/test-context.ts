import { type Ec2Operations, withCheckedAnswers } from '@bakehouse/aws-model';
import type { CallScope, OperationContext } from '@bakehouse/orchestration';
import { type TestPlane, testPlane } from '@bakehouse/orchestration/testing';
import { ec2Api } from '../api.ts';
import type { OperationName } from '../operation.ts';

const checkedApi = withCheckedAnswers(ec2Api);

/** A control plane over fakes with the EC2 API on it. */
export interface TestContext extends TestPlane {
  /** Calls an operation as the server does, as the first account in us-east-1 unless `scope` says otherwise. */
  call<Name extends OperationName>(
    name: Name,
    request: Ec2Operations[Name]['input'],
    scope?: Partial<CallScope>,
  ): Promise<Ec2Operations[Name]['output']>;
  /** As `call`, for requests that the types refuse. */
  callUntyped(name: OperationName, request: object, scope?: Partial<CallScope>): Promise<object>;
  operationContext(scope?: Partial<CallScope>): Promise<OperationContext>;
}

/** A started control plane with empty state. Nothing of it outlives the test, so it need not be stopped. */
export async function testContext(seed: string | number = 1): Promise<TestContext> {
  const base = await testPlane(seed);
  const operationContext = (changes: Partial<CallScope> = {}) =>
    base.plane.operationContext({ ...base.scope, ...changes }, 'request-of-a-test');
  const callUntyped = async (name: OperationName, request: object, changes?: Partial<CallScope>) =>
    await checkedApi.call(name, await operationContext(changes), request);
  return {
    ...base,
    operationContext,
    callUntyped,
    async call(name, request, changes) {
      const answer = await callUntyped(name, request, changes);
      // The table's type says what each name returns; the API erases it.
      return answer as Ec2Operations[typeof name]['output'];
    },
  };
}
