import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { environmentOf } from './support/environment.ts';
import { expectUsage, usageAtRest } from './support/expect-usage.ts';
import { output } from './support/run.ts';

const script = join(import.meta.dirname, '../clients/boto3-story.py');
const limitMs = 1_800_000;

test('the story of boto3 ends, and leaves the storage as it was', {
  timeout: limitMs,
}, async () => {
  const platform = inject('platform');
  const before = await usageAtRest(platform);
  const env = { ...environmentOf(platform), ENDPOINT: platform.endpoint };
  // Debian's python3, which has Debian's boto3.
  const said = await output(['/usr/bin/python3', script], { env, limitMs });
  expect(said).toBe('ok\n');
  await expectUsage(platform, before);
});
