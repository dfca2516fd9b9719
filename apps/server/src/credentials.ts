import { readFile, writeFile } from 'node:fs/promises';
import type { AccessKey, MetadataStore } from '@bakehouse/domain';
import { createAccount, firstAccountId, platformAccountId } from '@bakehouse/orchestration';

/** A profile of the AWS tools, in a file that only its owner can read. */
function profileText(key: AccessKey, region: string): string {
  return [
    '# Created by the first start of bakehouse. `eval "$(bakehouse env)"` uses it.',
    '[bakehouse]',
    `aws_access_key_id = ${key.id}`,
    `aws_secret_access_key = ${key.secret}`,
    `region = ${region}`,
    '',
  ].join('\n');
}

/** Creates the first account, the platform's own account and the credentials file where they are missing. */
export async function ensureAccounts(
  metadata: MetadataStore,
  options: { now: number; ownerAlias: string; region: string; path: string },
): Promise<void> {
  const { now, ownerAlias } = options;
  const key = await metadata.write(async (tx) => {
    await createAccount(tx, { id: firstAccountId, name: 'first account', now });
    await createAccount(tx, { id: platformAccountId, name: 'Bakehouse', ownerAlias, now });
    const platform = await tx.get('account', platformAccountId);
    if (platform && platform.ownerAlias !== ownerAlias) {
      await tx.put('account', { ...platform, ownerAlias });
    }
    const [first] = await tx.list('accessKey', { where: { account: [firstAccountId] } });
    return first;
  });
  const known = await readFile(options.path, 'utf8').catch(() => '');
  if (!key || known.includes(key.id)) return;
  await writeFile(options.path, profileText(key, options.region), { mode: 0o600 });
}
