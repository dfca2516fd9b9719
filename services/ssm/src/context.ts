import type { OperationInput, ServiceOperation, ServiceOperationName } from '@bakehouse/aws-model';
import type { OperationContext } from '@bakehouse/orchestration';
import type { SecretBox } from './secret-box.ts';

export interface ParameterContext
  extends Pick<OperationContext, 'accountId' | 'region' | 'now' | 'settings' | 'read' | 'write'> {
  readonly secrets: SecretBox;
}

type Name = ServiceOperationName<'ssm'>;

/** One operation of Systems Manager. */
export type ParameterOperation<Operation extends Name> = ServiceOperation<
  'ssm',
  Operation,
  ParameterContext
>;

export type ParameterRequest<Operation extends Name> = OperationInput<'ssm', Operation>;
