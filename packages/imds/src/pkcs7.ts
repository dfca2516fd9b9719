import type { X509Certificate } from 'node:crypto';
import { der, derParts } from './der.ts';

const oid = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  sha256: '2.16.840.1.101.3.4.2.1',
  rsa: '1.2.840.113549.1.1.1',
};

const one = Buffer.from([1]);
const algorithm = (id: string) => der.sequence(der.objectId(id), der.null());

/** Issuer and serial number as in the certificate (RFC 5280 section 4.1). */
function issuerAndSerial(certificate: X509Certificate): Buffer {
  const [body = Buffer.alloc(0)] = derParts(certificate.raw);
  const parts = derParts(body);
  const isVersion = parts[0]?.[0] === 0xa0;
  const [serial, , issuer] = isVersion ? parts.slice(1) : parts;
  if (!serial || !issuer) throw new RangeError('certificate without issuer or serial number');
  return der.sequence(issuer, serial);
}

/**
 * The content and its signature (SHA-256 with RSA over the content itself) as CMS SignedData (RFC 5652 section 5). As
 * on EC2 it has no certificates: the verifier supplies the certificate.
 */
export function signedData(
  content: Uint8Array,
  signature: Uint8Array,
  certificate: X509Certificate,
): Buffer {
  const signer = der.sequence(
    der.integer(one),
    issuerAndSerial(certificate),
    algorithm(oid.sha256),
    algorithm(oid.rsa),
    der.octets(signature),
  );
  const encapsulated = der.sequence(der.objectId(oid.data), der.explicit(0, der.octets(content)));
  const digests = der.set(algorithm(oid.sha256));
  const signed = der.sequence(der.integer(one), digests, encapsulated, der.set(signer));
  return der.sequence(der.objectId(oid.signedData), der.explicit(0, signed));
}
