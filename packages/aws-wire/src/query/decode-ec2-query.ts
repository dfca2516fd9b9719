import {
  type Ec2Input,
  type Ec2OperationName,
  ec2ApiVersion,
  ec2Shapes,
  isEc2Operation,
} from '@bakehouse/aws-model';
import { apiError } from '@bakehouse/domain';
import { decodeStructure } from './decode-structure.ts';
import { type FormParameter, shown } from './form-parameters.ts';
import { type QueryRequest, readQueryCall } from './query-call.ts';

/** A request whose operation is known and whose parameters are still to be understood. */
export interface Ec2Call {
  readonly action: Ec2OperationName;
  readonly version: string;
  readonly parameters: readonly FormParameter[];
}

export interface DecodedEc2Query<Name extends Ec2OperationName = Ec2OperationName> {
  readonly action: Name;
  readonly version: string;
  readonly input: Ec2Input<Name>;
}

/**
 * First half of decoding: which operation is asked for. Refuses with `MissingAction`,
 * `InvalidAction` (the model has no such operation), `NoSuchVersion` and `MalformedQueryString`.
 */
export function readEc2Call(request: QueryRequest): Ec2Call {
  const { action, version, parameters } = readQueryCall(request, ec2ApiVersion);
  if (!isEc2Operation(action)) {
    throw apiError('InvalidAction', { action: shown(action), version });
  }
  return { action, version, parameters };
}

/**
 * Second half: the operation's input by the model's shape. `DryRun` is a member as any other.
 * Refuses with `UnknownParameter`, `MissingParameter` and `InvalidParameterValue`.
 */
export function decodeEc2Input<Name extends Ec2OperationName>(
  action: Name,
  parameters: readonly FormParameter[],
): Ec2Input<Name> {
  return decodeStructure(ec2Shapes.input(action), parameters) as Ec2Input<Name>;
}

/** Both halves. */
export function decodeEc2Query(request: QueryRequest): DecodedEc2Query {
  const { action, version, parameters } = readEc2Call(request);
  return { action, version, input: decodeEc2Input(action, parameters) };
}
