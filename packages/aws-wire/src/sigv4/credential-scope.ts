import { apiError } from '@bakehouse/domain';

/** `AKID/20260131/us-east-1/ec2/aws4_request`: who signs, and for what the signature is good. */
export interface Credential {
  readonly accessKeyId: string;
  /** The day, `YYYYMMDD`, in UTC. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

export const terminator = 'aws4_request';
const credentialPattern =
  /^([\w+=,.@-]{1,128})\/(\d{8})\/([a-z0-9-]{1,64})\/([a-z0-9-]{1,64})\/(\w+)$/;

export function parseCredential(text: string): Credential {
  const match = credentialPattern.exec(text);
  if (match === null) {
    throw apiError('IncompleteSignature', {
      message:
        "Credential must have exactly 5 slash-delimited elements, e.g. 'keyid/date/region/" +
        `service/${terminator}', got '${text.slice(0, 200)}'`,
    });
  }
  const [, accessKeyId = '', date = '', region = '', service = '', end = ''] = match;
  if (end !== terminator) {
    throw apiError('SignatureDoesNotMatch', {
      message: `Credential should be scoped with a valid terminator: '${terminator}', not '${end}'.`,
    });
  }
  return { accessKeyId, date, region, service };
}

/** The scope without the key: part of the string to sign. */
export function scopeOf(credential: Credential): string {
  return `${credential.date}/${credential.region}/${credential.service}/${terminator}`;
}
