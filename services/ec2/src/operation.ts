import type * as model from '@bakehouse/aws-model';
import type { OperationContext } from '@bakehouse/orchestration';

export type OperationName = model.ServiceOperationName<'ec2'>;

/** One API operation: the official request in, returns the official output, throws `ApiError`. */
export type Operation<Name extends OperationName> = model.ServiceOperation<
  'ec2',
  Name,
  OperationContext
>;

/** The operations that are served. A missing one fails with `UnsupportedOperation`. */
export type OperationTable = model.ServiceOperationTable<'ec2', OperationContext>;
