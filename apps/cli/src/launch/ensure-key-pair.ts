import type { EC2Client } from '@aws-sdk/client-ec2';
import { loadSdk } from '../client/ec2.ts';
import { CommandFailedError } from '../command.ts';
import { findPrivateKey, makePrivateKey, publicKeyBody, publicKeyOf } from './key-files.ts';

export interface LocalKeyPair {
  readonly keyName: string;
  /** Absent where only its owner has the private half. */
  readonly privateKeyPath?: string;
}

async function findRegistered(client: EC2Client, keyName: string, signal: AbortSignal) {
  const { DescribeKeyPairsCommand } = await loadSdk();
  const request = new DescribeKeyPairsCommand({
    Filters: [{ Name: 'key-name', Values: [keyName] }],
    IncludePublicKey: true,
  });
  const { KeyPairs = [] } = await client.send(request, { abortSignal: signal });
  return KeyPairs.find((each) => each.KeyName === keyName);
}

/**
 * The key pair of this name in the client's region. Where it is nowhere, it is made here, kept in the data
 * folder and imported; a kept key is imported into further regions. A key pair of which only the public half
 * is known is used as it is.
 */
export async function ensureKeyPair(
  client: EC2Client,
  { dataDirectory, keyName }: { readonly dataDirectory: string; readonly keyName: string },
  signal: AbortSignal,
): Promise<LocalKeyPair> {
  const registered = await findRegistered(client, keyName, signal);
  const kept = await findPrivateKey(dataDirectory, keyName);
  if (registered && !kept) return { keyName };
  const privateKeyPath = kept ?? (await makePrivateKey(dataDirectory, keyName));
  const publicKey = await publicKeyOf(privateKeyPath);
  if (!registered) {
    const { ImportKeyPairCommand } = await loadSdk();
    const request = { KeyName: keyName, PublicKeyMaterial: Buffer.from(publicKey) };
    await client.send(new ImportKeyPairCommand(request), { abortSignal: signal });
  } else if (publicKeyBody(registered.PublicKey ?? '') !== publicKeyBody(publicKey)) {
    throw new CommandFailedError(
      `the key pair '${keyName}' is another than the one kept in ${privateKeyPath}: delete it (bakehouse aws ec2 delete-key-pair --key-name ${keyName}) or use another name by --key`,
    );
  }
  return { keyName, privateKeyPath };
}
