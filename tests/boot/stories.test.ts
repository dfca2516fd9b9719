import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { environmentOf } from './support/environment.ts';
import { expectUsage, usageAtRest } from './support/expect-usage.ts';
import { output } from './support/run.ts';
import type { Usage } from './support/usage.ts';

const clients = join(import.meta.dirname, '../clients');
const limitMs = 1_800_000;
const platform = inject('platform');

function story(program: string, script: string): Promise<string> {
  const env = { ...environmentOf(platform), ENDPOINT: platform.endpoint };
  return output([program, join(clients, script)], { env, limitMs });
}

/** At the same time, as each waits for its guests most of the time. */
describe.concurrent('stories of clients end, and leave the storage as it was', () => {
  let before: Usage;

  beforeAll(async () => {
    before = await usageAtRest(platform);
  });
  afterAll(() => expectUsage(platform, before));

  test('the AWS CLI', { timeout: limitMs }, async () => {
    expect(await story('sh', 'aws-cli.sh')).toMatch(/\nok\n$/);
  });

  test('boto3', { timeout: limitMs }, async () => {
    // Debian's python3, which has Debian's boto3.
    expect(await story('/usr/bin/python3', 'boto3-story.py')).toBe('ok\n');
  });
});
