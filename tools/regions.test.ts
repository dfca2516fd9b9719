import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { publicRegions } from '@bakehouse/domain';
import { expect, test } from 'vitest';

interface SdkPartition {
  readonly id: string;
  readonly outputs: { readonly dnsSuffix: string };
  readonly regions: Readonly<Record<string, { readonly description: string }>>;
}

/** Not exported by the package, which has the same list as AWS's other SDKs. */
const path = join(
  import.meta.dirname,
  '../node_modules/@aws-sdk/core/dist-es/submodules/client/util-endpoints/lib/aws/partitions.js',
);
const { partitionsInfo } = await import(pathToFileURL(path).href);
const partitions: readonly SdkPartition[] = partitionsInfo.partitions;

/** Regions that the SDK names and whose zones are not public. */
const withoutZones = ['me-west-1', 'sa-west-1'];

test.each(['aws', 'aws-cn', 'aws-us-gov'])('the regions of %s are those of the SDK', (id) => {
  const partition = partitions.find((each) => each.id === id);
  const expected = Object.entries(partition?.regions ?? {})
    .filter(([name]) => !name.endsWith('-global') && !withoutZones.includes(name))
    .map(([name, { description }]) => [name, description, partition?.outputs.dnsSuffix])
    .sort();
  const ours = publicRegions.filter((region) => region.partition.name === id);
  expect(ours.map((each) => [each.name, each.description, each.partition.domain])).toEqual(
    expected,
  );
});

test('partitions that are not served are known', () => {
  const served = new Set<string>(publicRegions.map((region) => region.partition.name));
  const others = partitions.map(({ id }) => id).filter((id) => !served.has(id));
  expect(others.sort()).toEqual(['aws-eusc', 'aws-iso', 'aws-iso-b', 'aws-iso-e', 'aws-iso-f']);
});

test('no ARN is written for one partition', () => {
  const root = join(import.meta.dirname, '..');
  const listed = execFileSync('git', ['grep', '-l', 'arn:aws:', '--', '*.ts'], {
    cwd: root,
    encoding: 'utf8',
  });
  const files = listed.split('\n').filter((name) => name !== '' && !/\.test\.ts$/.test(name));
  // Comments may show one.
  const code = files.filter((name) =>
    readFileSync(join(root, name), 'utf8')
      .split('\n')
      .some((line) => line.includes('arn:aws:') && !/^\s*(?:\/\*|\*|\/\/)/.test(line)),
  );
  expect(code).toEqual([]);
});
