import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { environmentOf } from './support/environment.ts';
import { expectUsage, usageAtRest } from './support/expect-usage.ts';
import { output } from './support/run.ts';

const script = join(import.meta.dirname, '../clients/aws-cli.sh');
const limitMs = 1_800_000;

test('the story of the AWS CLI ends, and leaves the storage as it was', {
  timeout: limitMs,
}, async () => {
  const platform = inject('platform');
  const before = await usageAtRest(platform);
  const env = { ...environmentOf(platform), ENDPOINT: platform.endpoint };
  const said = await output(['sh', script], { env, limitMs });
  expect(said).toMatch(/\nok\n$/);
  await expectUsage(platform, before);
});
