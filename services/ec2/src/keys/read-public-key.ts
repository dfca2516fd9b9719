import { createPublicKey } from 'node:crypto';
import { readBase64 } from '@bakehouse/aws-model';
import { fromSshBlob, type SshPublicKey, sshPublicKey } from './ssh-public-key.ts';

function fromBase64(text: string): Buffer | undefined {
  const bytes = readBase64(text);
  return bytes && Buffer.from(bytes);
}

/** `ssh-rsa AAAA… comment` (sshd(8), "AUTHORIZED_KEYS FILE FORMAT", without options). */
function fromOpenSsh(text: string): SshPublicKey | undefined {
  const [name, encoded] = text.split(/\s+/);
  if (!name?.startsWith('ssh-') || !encoded) return undefined;
  const blob = fromBase64(encoded);
  return blob && fromSshBlob(blob);
}

/** RFC 4716, "Key File Format": headers may go on over lines that end in a backslash. */
function fromRfc4716(text: string): SshPublicKey | undefined {
  const pattern = /^---- BEGIN SSH2 PUBLIC KEY ----\r?\n(.*)\r?\n---- END SSH2 PUBLIC KEY ----$/s;
  const body = pattern.exec(text)?.[1];
  if (body === undefined) return undefined;
  const lines = body.replace(/\\\r?\n/g, '').split(/\r?\n/);
  const blob = fromBase64(lines.filter((line) => !line.includes(':')).join(''));
  return blob && fromSshBlob(blob);
}

function fromDer(der: Uint8Array): SshPublicKey | undefined {
  for (const type of ['spki', 'pkcs1'] as const) {
    try {
      return sshPublicKey(createPublicKey({ key: Buffer.from(der), format: 'der', type }));
    } catch {
      // The other type, or no key at all.
    }
  }
  return undefined;
}

function fromBase64Der(text: string): SshPublicKey | undefined {
  const der = fromBase64(text);
  return der && fromDer(der);
}

const derSequence = 0x30;

/**
 * Reads a public key in the forms that ImportKeyPair takes: an OpenSSH line, RFC 4716, DER in base64 (or as
 * it is, from clients that decoded it). Undefined for anything else.
 */
export function readPublicKey(material: Uint8Array): SshPublicKey | undefined {
  if (material[0] === derSequence && material[1] !== undefined && material[1] >= 0x20) {
    const found = fromDer(material);
    if (found) return found;
  }
  const text = Buffer.from(material).toString('latin1').trim();
  return fromOpenSsh(text) ?? fromRfc4716(text) ?? fromBase64Der(text);
}
