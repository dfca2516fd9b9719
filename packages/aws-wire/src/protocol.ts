import type { OperationShape, ServiceModel } from '@bakehouse/aws-model';
import type { Reply, RequestBody, RequestHead } from './message.ts';

/** How requests of a service are read, and its responses and errors written. */
export interface Protocol {
  /**
   * The operation that a request names. Reads the body only if the name is in it. Throws when the
   * service's model has no such operation.
   */
  open(model: ServiceModel, head: RequestHead, body: RequestBody): Promise<Call>;
  encode(model: ServiceModel, operation: OperationShape, output: object, requestId: string): Reply;
  encodeError(service: ErrorSource, error: WireError, requestId: string): Reply;
}

/** A request whose operation is known and whose parameters are still to be understood. */
export interface Call {
  /** One that the service's model has, with or without its shapes (`ServiceModel.hasOperation`). */
  readonly operation: string;
  /**
   * The operation's input by the model's shape. Throws for unknown, missing and malformed
   * parameters, and rejects like `RequestBody`. To be called only when the model has the shapes.
   */
  decode(): Promise<object>;
}

/** What an error's envelope shows of the service; a service that is not served has no model. */
export type ErrorSource = Pick<ServiceModel, 'service' | 'xmlNamespace' | 'findError'>;

/** What of an `ApiError` the caller sees. */
export interface WireError {
  readonly code: string;
  readonly status: number;
  readonly message: string;
}
