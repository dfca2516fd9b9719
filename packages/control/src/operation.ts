import type { Ec2Operations } from '@bakehouse/aws-model';
import type { OperationContext } from './context.ts';

export type OperationName = keyof Ec2Operations;

/** One API operation: the official request in, the official answer out, `ApiError` for refusals. */
export type Operation<Name extends OperationName> = (
  context: OperationContext,
  request: Ec2Operations[Name]['input'],
) => Promise<Omit<Ec2Operations[Name]['output'], '$metadata'>>;

/** The operations that are served. One that is missing answers `UnsupportedOperation`. */
export type OperationTable = { readonly [Name in OperationName]?: Operation<Name> };
