import type { Ec2SdkOperations } from './generated/ec2-operations.ts';
import type { SsmSdkOperations } from './generated/ssm-operations.ts';
import type { StsSdkOperations } from './generated/sts-operations.ts';
import { generatedJson } from './generated-json.ts';
import { type ModelData, type ServiceModel, serviceModel } from './service-model.ts';

/** The services of which there are tables, with the SDK's types of their operations. */
interface SdkServices {
  readonly ec2: Ec2SdkOperations;
  readonly ssm: SsmSdkOperations;
  readonly sts: StsSdkOperations;
}

export type ServiceName = keyof SdkServices;
export type ServiceOperationName<Service extends ServiceName> = keyof SdkServices[Service] & string;

type SdkOperation<
  Service extends ServiceName,
  Name extends ServiceOperationName<Service>,
> = SdkServices[Service][Name] extends { input: infer Input; output: infer Output }
  ? { readonly input: Input; readonly output: Output }
  : never;

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

export type OperationInput<
  Service extends ServiceName,
  Name extends ServiceOperationName<Service>,
> = Decoded<SdkOperation<Service, Name>['input']>;

export type OperationOutput<
  Service extends ServiceName,
  Name extends ServiceOperationName<Service>,
> = Omit<SdkOperation<Service, Name>['output'], '$metadata'>;

/** Shorthands for the service with most of the operations. */
export type Ec2OperationName = ServiceOperationName<'ec2'>;
export type Ec2Input<Name extends Ec2OperationName> = OperationInput<'ec2', Name>;
export type Ec2Output<Name extends Ec2OperationName> = SdkOperation<'ec2', Name>['output'];
export type Ec2Operations = {
  [Name in Ec2OperationName]: {
    readonly input: Ec2Input<Name>;
    readonly output: Ec2Output<Name>;
  };
};

/** One API operation: the official request in, the official response out, `ApiError` for refusals. */
export type ServiceOperation<
  Service extends ServiceName,
  Name extends ServiceOperationName<Service>,
  Context,
> = (
  context: Context,
  request: OperationInput<Service, Name>,
) => Promise<OperationOutput<Service, Name>>;

/** The operations that a service serves. */
export type ServiceOperationTable<Service extends ServiceName, Context> = {
  readonly [Name in ServiceOperationName<Service>]?: ServiceOperation<Service, Name, Context>;
};

const data = {
  ec2: generatedJson<ModelData>('ec2-model.json'),
  ssm: generatedJson<ModelData>('ssm-model.json'),
  sts: generatedJson<ModelData>('sts-model.json'),
} as const satisfies Record<ServiceName, () => ModelData>;

/** True for the services of which there are tables. */
export function isServiceName(name: string): name is ServiceName {
  return Object.hasOwn(data, name);
}

const opened = new Map<ServiceName, ServiceModel>();

/** The model of a service, read from its table at the first call. */
export function modelOf(service: ServiceName): ServiceModel {
  const before = opened.get(service);
  if (before !== undefined) return before;
  const model = serviceModel(data[service]());
  opened.set(service, model);
  return model;
}

/** True for the name of an operation in the table of a service, whether or not it is served. */
export function isOperation<Service extends ServiceName>(
  service: Service,
  name: string,
): name is ServiceOperationName<Service> {
  return modelOf(service).find(name) !== undefined;
}
