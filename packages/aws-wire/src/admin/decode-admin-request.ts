import {
  type AdminCallName,
  AdminContractError,
  type AdminInput,
  adminApiVersion,
  checkAdminInput,
  isAdminCall,
} from '@bakehouse/admin-api';
import { type ApiError, apiError } from '@bakehouse/domain';
import { parseJsonDocument } from '../json/parse-json.ts';
import { headerValue, type RequestHeaders } from '../message.ts';

/** A call with its checked input. */
export interface AdminCall<Name extends AdminCallName = AdminCallName> {
  readonly name: Name;
  readonly input: AdminInput<Name>;
}

const targetForm = /^Bakehouse(?:_(\d{1,6}))?\.([A-Z][A-Za-z0-9]{0,63})$/;
/** The version of clients that did not yet send one. */
const firstVersion = '1';

/**
 * Call and input of an admin request. An empty body is an empty input. Throws `MissingAction`, `InvalidAction` (the
 * target is no call of ours), `UnsupportedOperation` (the client's version is another), `InvalidRequest` (no JSON object, or nested too deep), and `MissingParameter`, `UnknownParameter` and
 * `InvalidParameterValue` for what the contract does not allow.
 */
export function decodeAdminRequest(request: {
  readonly headers: RequestHeaders;
  readonly body: Uint8Array;
}): AdminCall {
  const name = nameOf(headerValue(request.headers, 'x-amz-target'));
  const document = parseJsonDocument(request.body);
  try {
    return { name, input: checkAdminInput(name, document) };
  } catch (error) {
    if (error instanceof AdminContractError) throw refusal(error);
    throw error;
  }
}

function nameOf(target: string | undefined): AdminCallName {
  if (target === undefined) throw apiError('MissingAction', {});
  const [, version = firstVersion, name = ''] = targetForm.exec(target) ?? [];
  if (name !== '' && Number(version) !== adminApiVersion) {
    throw apiError('UnsupportedOperation', {
      message: `This server speaks version ${adminApiVersion} of the admin calls, not version ${version}: use the bakehouse command of the server's release ('bakehouse status' shows it)`,
    });
  }
  if (!isAdminCall(name)) {
    throw apiError('InvalidAction', { action: (name || target).slice(0, 100), version: '' });
  }
  return name;
}

function refusal({ breach, path, message }: AdminContractError): ApiError {
  if (breach === 'missing') return apiError('MissingParameter', { parameter: path });
  if (breach === 'unknown') return apiError('UnknownParameter', { parameter: path });
  return apiError('InvalidParameterValue', { message });
}
