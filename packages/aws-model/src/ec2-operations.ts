import type { Ec2SdkOperations } from './generated/ec2-operations.ts';

export type Ec2OperationName = keyof Ec2SdkOperations;

/**
 * What an operation is given: the SDK's type, whose required members are there, because the decoder
 * refuses a request without them.
 */
type Decoded<Input> = {
  [Name in keyof Input]: undefined extends Input[Name]
    ? object extends Pick<Input, Name>
      ? Input[Name]
      : Exclude<Input[Name], undefined>
    : Input[Name];
};

/** Operation name to the types of its request and its answer. */
export type Ec2Operations = {
  [Name in Ec2OperationName]: {
    readonly input: Decoded<Ec2SdkOperations[Name]['input']>;
    readonly output: Ec2SdkOperations[Name]['output'];
  };
};

export type Ec2Input<Name extends Ec2OperationName> = Ec2Operations[Name]['input'];
export type Ec2Output<Name extends Ec2OperationName> = Ec2Operations[Name]['output'];
