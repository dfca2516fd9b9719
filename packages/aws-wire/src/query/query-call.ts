import { apiError } from '@bakehouse/domain';
import { type FormParameter, formText, parseFormParameters } from './form-parameters.ts';

export interface QueryRequest {
  /** What follows `?` in the request target, still encoded; empty when there is none. */
  readonly rawQuery: string;
  readonly body: Uint8Array;
}

/** A Query request before its parameters are understood. */
export interface QueryCall {
  readonly action: string;
  readonly version: string;
  readonly parameters: readonly FormParameter[];
}

/** What a presigned request carries beside the operation's own parameters. */
const signatureParameters: ReadonlySet<string> = new Set([
  'X-Amz-Algorithm',
  'X-Amz-Content-Sha256',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-Security-Token',
  'X-Amz-Signature',
  'X-Amz-SignedHeaders',
]);

/** The action and parameters of a GET or POST; a POST may have some of both kinds. */
export function readQueryCall(request: QueryRequest, version: string): QueryCall {
  const inQuery = request.rawQuery.replace(/^\?/, '');
  const inBody = formText(request.body);
  const text = inQuery === '' || inBody === '' ? inQuery + inBody : `${inQuery}&${inBody}`;
  const all = parseFormParameters(text).filter(({ name }) => !signatureParameters.has(name));
  const action = parameterValue(all, 'Action');
  if (action === undefined || action === '') throw apiError('MissingAction', {});
  const asked = parameterValue(all, 'Version');
  if (asked === undefined) throw apiError('MissingParameter', { parameter: 'Version' });
  if (asked !== version) throw noSuchVersion(asked, version);
  const parameters = all.filter(({ name }) => name !== 'Action' && name !== 'Version');
  return { action, version: asked, parameters };
}

function parameterValue(parameters: readonly FormParameter[], name: string): string | undefined {
  return parameters.find((parameter) => parameter.name === name)?.value;
}

function noSuchVersion(asked: string, version: string) {
  const message = `The requested version (${asked.slice(0, 40)}) is not served: use ${version}.`;
  return apiError('NoSuchVersion', { message });
}
