import type { ServiceModel, StructureShape } from '@bakehouse/aws-model';
import { invariant } from '@bakehouse/base';

/** The shape of a request of an operation whose shapes the model is known to have. */
export function inputOf(model: ServiceModel, operation: string): StructureShape {
  const found = model.find(operation);
  invariant(found !== undefined, `the table of ${model.service} has the operation ${operation}`);
  return found.input;
}
