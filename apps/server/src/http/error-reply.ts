import { isServiceName, modelOf } from '@bakehouse/aws-model';
import {
  adminContentType,
  adminService,
  claimedIdentity,
  encodeAdminError,
  guessProtocol,
  nameError,
  protocols,
  type Reply,
  type RequestHead,
} from '@bakehouse/aws-wire';
import type { Logger } from '@bakehouse/base';
import { ApiError, apiError } from '@bakehouse/domain';
import { MetadataStoreError } from '@bakehouse/record-store';

/**
 * What the caller learns. A bug becomes InternalError; its details are only logged. A full disk is
 * for the operator to repair, who often is the caller.
 */
export function publicError(error: unknown, logger: Logger): ApiError {
  if (error instanceof ApiError) {
    const { code, status, message, cause } = error;
    logger.log('info', 'refused', { code, status, words: message, ...(cause ? { cause } : {}) });
    return error;
  }
  logger.log('error', 'request failed', { error });
  if (error instanceof MetadataStoreError && error.isDiskFull) {
    const message = `Nothing was changed: the disk of ${error.database} is full; free space there and try again`;
    return apiError('Unavailable', { message }, { cause: error });
  }
  if (error instanceof MetadataStoreError && error.isUnavailable) {
    const message = 'The metadata store cannot be reached now; look at the state, then try again';
    return apiError('Unavailable', { message }, { cause: error });
  }
  return apiError('InternalError', {}, { cause: error });
}

/** The error in the protocol and with the code of the service that was called. */
export function errorReply(error: ApiError, head: RequestHead, requestId: string): Reply {
  const service = claimedService(head);
  if (service === adminService) return adminErrorReply(error, requestId);
  const model = isServiceName(service) ? modelOf(service) : undefined;
  const protocol = model?.protocol ?? guessProtocol(service, head);
  const source = model ?? { service, xmlNamespace: '', findError: () => undefined };
  const named = nameError({ service, protocol }, error);
  return protocols[protocol].encodeError(source, named, requestId);
}

function adminErrorReply(error: ApiError, requestId: string): Reply {
  return {
    status: error.status,
    headers: { 'content-type': adminContentType, 'x-amzn-requestid': requestId },
    body: encodeAdminError(error),
  };
}

/** The service that a request names, verified or not; without a readable signature EC2. */
function claimedService(head: RequestHead): string {
  try {
    return claimedIdentity(head).service;
  } catch {
    return 'ec2';
  }
}
