import { createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto';
import { dayMs } from '@bakehouse/base';
import { der } from './der.ts';

const commonName = '2.5.4.3';
const organization = '2.5.4.10';
const sha256WithRsa = '1.2.840.113549.1.1.11';
const validYears = 20;

const attribute = (type: string, value: string) =>
  der.set(der.sequence(der.objectId(type), der.text(value)));

/** A self-signed certificate (RFC 5280 section 4.1, without extensions) for the key, in PEM. */
export function selfSignedCertificate(key: KeyObject, nowMs: number): string {
  const name = der.sequence(
    attribute(organization, 'Bakehouse'),
    attribute(commonName, 'Bakehouse instance identity'),
  );
  const algorithm = der.sequence(der.objectId(sha256WithRsa), der.null());
  // The first byte is 0x40 to 0x7f, so the number is never zero and never padded.
  const serial = randomBytes(16);
  serial.writeUInt8(0x40 | (serial.readUInt8(0) & 0x3f), 0);
  const body = der.sequence(
    der.integer(serial),
    algorithm,
    name,
    der.sequence(der.time(nowMs - dayMs), der.time(nowMs + validYears * 365 * dayMs)),
    name,
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
  );
  const certificate = der.sequence(body, algorithm, der.bits(sign('sha256', body, key)));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
