import {
  adminContentType,
  encodeAdminError,
  encodeEc2Error,
  encodeStsError,
  xmlContentType,
} from '@bakehouse/aws-wire';
import type { Logger } from '@bakehouse/base';
import { ApiError, apiError } from '@bakehouse/domain';
import { MetadataStoreError } from '@bakehouse/metadata-sql';
import type { Reply } from './exchange.ts';

/**
 * What the caller is told. A bug is told as InternalError; its details go to the log only. A full disk is the
 * operator's to mend, who often is the caller.
 */
export function publicError(error: unknown, logger: Logger): ApiError {
  if (error instanceof ApiError) {
    const { code, status, message, cause } = error;
    logger.log('info', 'refused', { code, status, words: message, ...(cause ? { cause } : {}) });
    return error;
  }
  logger.log('error', 'request failed', { error });
  if (error instanceof MetadataStoreError && error.isDiskFull) {
    const message = `Nothing was changed: the disk of ${error.path} is full; free space there and try again`;
    return apiError('Unavailable', { message }, { cause: error });
  }
  return apiError('InternalError', {}, { cause: error });
}

type Envelope = (error: ApiError, requestId: string) => Pick<Reply, 'body' | 'contentType'>;

const envelopes: Readonly<Record<string, Envelope>> = {
  sts: (error, requestId) => ({
    contentType: xmlContentType,
    body: encodeStsError(error, requestId),
  }),
  bakehouse: (error) => ({ contentType: adminContentType, body: encodeAdminError(error) }),
};
const ec2Envelope: Envelope = (error, requestId) => ({
  contentType: xmlContentType,
  body: encodeEc2Error(error, requestId),
});

/** The error in the envelope of the service that was called; EC2's when that is not known. */
export function errorReply(error: ApiError, service: string, requestId: string): Reply {
  const envelope = Object.hasOwn(envelopes, service) ? envelopes[service] : undefined;
  return { status: error.status, ...(envelope ?? ec2Envelope)(error, requestId) };
}
