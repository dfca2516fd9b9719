import { execFile } from 'node:child_process';
import type { PlatformKey } from './platform-key.ts';

/** The document inside a PKCS #7 signature, base64 without its frame: EC2's `pkcs7` and `rsa2048`. */
export async function signPkcs7(document: string, platform: PlatformKey): Promise<string> {
  const args = [
    'cms',
    '-sign',
    '-binary',
    '-nodetach',
    '-nosmimecap',
    '-md',
    'sha256',
    '-outform',
    'DER',
  ];
  const files = ['-signer', platform.certificatePath, '-inkey', platform.keyPath];
  const der = await new Promise<Buffer>((resolve, reject) => {
    const child = execFile(
      'openssl',
      [...args, ...files],
      { encoding: 'buffer', timeout: 20_000 },
      (error, stdout, stderr) => {
        if (error)
          reject(new Error(`openssl cms failed: ${stderr.toString().trim()}`, { cause: error }));
        else resolve(stdout);
      },
    );
    child.stdin?.end(document);
  });
  return (
    der
      .toString('base64')
      .match(/.{1,64}/g)
      ?.join('\n') ?? ''
  );
}
