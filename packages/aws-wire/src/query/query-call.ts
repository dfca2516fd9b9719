import { apiError } from '@bakehouse/domain';
import type { RequestHead } from '../message.ts';
import { type FormParameter, formText, parseFormParameters } from './form-parameters.ts';

/** A Query request before its parameters are understood. */
export interface QueryCall {
  readonly action: string;
  readonly parameters: readonly FormParameter[];
}

/** What a request signed in its query carries beside the operation's own parameters. */
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
const signatureV2Parameters: ReadonlySet<string> = new Set([
  'AWSAccessKeyId',
  'Expires',
  'SecurityToken',
  'Signature',
  'SignatureMethod',
  'SignatureVersion',
  'Timestamp',
]);

/** The action and parameters of a GET or POST; a POST may have some of both kinds. */
export function readQueryCall(
  head: Pick<RequestHead, 'rawQuery'>,
  body: Uint8Array,
  version: string,
): QueryCall {
  const inQuery = head.rawQuery.replace(/^\?/, '');
  const inBody = formText(body);
  const text = inQuery === '' || inBody === '' ? inQuery + inBody : `${inQuery}&${inBody}`;
  const all = parseFormParameters(text);
  const action = parameterValue(all, 'Action');
  if (action === undefined || action === '') throw apiError('MissingAction', {});
  const asked = parameterValue(all, 'Version');
  if (asked === undefined) throw apiError('MissingParameter', { parameter: 'Version' });
  if (asked !== version) throw noSuchVersion(asked, version);
  const isSignatureV2 = parameterValue(all, 'SignatureVersion') !== undefined;
  const parameters = all.filter(
    ({ name }) =>
      name !== 'Action' &&
      name !== 'Version' &&
      !signatureParameters.has(name) &&
      !(isSignatureV2 && signatureV2Parameters.has(name)),
  );
  return { action, parameters };
}

function parameterValue(parameters: readonly FormParameter[], name: string): string | undefined {
  return parameters.find((parameter) => parameter.name === name)?.value;
}

function noSuchVersion(asked: string, version: string) {
  const message = `The requested version (${asked.slice(0, 40)}) is not served: use ${version}.`;
  return apiError('NoSuchVersion', { message });
}
