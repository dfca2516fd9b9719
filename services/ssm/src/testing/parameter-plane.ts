import {
  type OperationInput,
  type OperationOutput,
  type ServiceOperationName,
  withCheckedAnswers,
} from '@bakehouse/aws-model';
import type { CallScope } from '@bakehouse/orchestration';
import { type TestPlane, testPlane } from '@bakehouse/orchestration/testing';
import { ssmApi } from '../api.ts';
import { secretBox } from '../secret-box.ts';

type Name = ServiceOperationName<'ssm'>;

/** A control plane over fakes with the parameters' API on it. */
export interface ParameterPlane extends TestPlane {
  /** Calls an operation as the server does, as the first account in us-east-1 unless `scope` says otherwise. */
  call<Operation extends Name>(
    name: Operation,
    request: OperationInput<'ssm', Operation>,
    scope?: Partial<CallScope>,
  ): Promise<OperationOutput<'ssm', Operation>>;
}

const checkedApi = withCheckedAnswers(ssmApi);

export async function parameterPlane(): Promise<ParameterPlane> {
  const base = await testPlane();
  const secrets = secretBox(Buffer.alloc(32, 7));
  return {
    ...base,
    async call(name, request, changes = {}) {
      const scope = { ...base.scope, ...changes };
      const context = await base.plane.operationContext(scope, 'request-of-a-test');
      const answer = await checkedApi.call(name, { ...context, secrets }, request);
      // The table's type says what each name returns; the API erases it.
      return answer as OperationOutput<'ssm', typeof name>;
    },
  };
}
