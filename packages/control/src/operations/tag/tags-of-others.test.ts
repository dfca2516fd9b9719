import { expect, test } from 'vitest';
import { testContext } from '../../testing/test-context.ts';

test('tags on what another account shares are refused in words, on what it does not share as absent', async () => {
  const { call, addImage } = await testContext();
  const other = { accountId: '210987654321' };
  const everybody = { everyone: true, accountIds: [] };
  const { id: open } = await addImage({ launchPermissions: everybody });
  const { id: closed } = await addImage();
  const tag = (id: string) =>
    call('CreateTags', { Resources: [id], Tags: [{ Key: 'a', Value: '' }] }, other);
  const refusal = { code: 'UnsupportedOperation', message: expect.stringContaining('another') };
  await expect(tag(open)).rejects.toMatchObject(refusal);
  await expect(tag(closed)).rejects.toMatchObject({ code: 'InvalidAMIID.NotFound' });
});
