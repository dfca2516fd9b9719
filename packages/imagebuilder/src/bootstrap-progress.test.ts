import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bootstrapProgressReader } from './bootstrap-progress.ts';

const install = [
  'I: installing remaining packages inside the chroot...',
  '0 upgraded, 2 newly installed, 0 to remove and 0 not upgraded.',
  'Get:1 http://deb.debian.org/debian bookworm/main amd64 less amd64 590-2.1 [131 kB]',
  'Get:2 http://deb.debian.org/debian bookworm/main amd64 curl amd64 7.88 [315 kB]',
  'Unpacking less (590-2.1) ...',
  'Unpacking curl (7.88) ...',
  'Setting up less (590-2.1) ...',
  'Setting up curl (7.88) ...',
];

test('says in which phase mmdebstrap is', () => {
  const read = bootstrapProgressReader();
  expect(read('I: running apt-get update...')).toEqual({ fraction: 0, message: 'package lists' });
  expect(read('I: downloading packages with apt...')?.message).toBe('downloading');
  expect(read('Reading package lists...')).toBeUndefined();
});

test('counts what is fetched, unpacked and configured against what will be installed', () => {
  const read = bootstrapProgressReader();
  const fractions = install.flatMap((line) => read(line)?.fraction ?? []);
  expect(fractions).toHaveLength(7);
  expect(fractions).toEqual([...new Set(fractions)].sort((a, b) => a - b));
  expect(fractions.at(-1)).toBeCloseTo(0.85);
});

test('comes as far with packages from the cache, which are not fetched', () => {
  const read = bootstrapProgressReader();
  const cached = install.filter((line) => !line.startsWith('Get:'));
  expect(cached.flatMap((line) => read(line)?.fraction ?? []).at(-1)).toBeCloseTo(0.85);
});

test('never goes back and never beyond the end, whatever comes', () => {
  const line = fc.oneof(
    fc.string(),
    fc.constantFrom(
      ...install,
      'I: extracting archives...',
      'I: creating tarball...',
      'Setting up a (1) ...',
    ),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 50 }), (lines) => {
      const read = bootstrapProgressReader();
      const fractions = lines.flatMap((text) => read(text)?.fraction ?? []);
      expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
      for (const fraction of fractions) expect(fraction).toBeLessThanOrEqual(1);
    }),
  );
});
