import {
  isStsOperation,
  type StsOperationName,
  stsApiVersion,
  stsShapes,
} from '@bakehouse/aws-model';
import { apiError } from '@bakehouse/domain';
import { decodeStructure } from './decode-structure.ts';
import { shown } from './form-parameters.ts';
import { type QueryRequest, readQueryCall } from './query-call.ts';

export interface DecodedStsQuery {
  readonly action: StsOperationName;
  readonly version: string;
}

/** A request to STS; `GetCallerIdentity`, which takes no parameters, is all that is known. */
export function decodeStsQuery(request: QueryRequest): DecodedStsQuery {
  const { action, version, parameters } = readQueryCall(request, stsApiVersion);
  if (!isStsOperation(action)) {
    throw apiError('InvalidAction', { action: shown(action), version });
  }
  decodeStructure(stsShapes.input(action), parameters);
  return { action, version };
}
