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

test('names the phase of mmdebstrap', () => {
  const read = bootstrapProgressReader();
  expect(read('I: running apt-get update...')).toEqual({ fraction: 0, message: 'package lists' });
  expect(read('I: downloading packages with apt...')?.message).toBe('downloading');
  expect(read('Reading package lists...')).toBeUndefined();
});

test('counts fetched, unpacked and configured packages against the number to install', () => {
  const read = bootstrapProgressReader();
  const fractions = install.flatMap((line) => read(line)?.fraction ?? []);
  expect(fractions).toHaveLength(7);
  expect(fractions).toEqual([...new Set(fractions)].sort((a, b) => a - b));
  expect(fractions.at(-1)).toBeCloseTo(0.85);
});

test('reaches the same fraction with cached packages, which are not fetched', () => {
  const read = bootstrapProgressReader();
  const cached = install.filter((line) => !line.startsWith('Get:'));
  expect(cached.flatMap((line) => read(line)?.fraction ?? []).at(-1)).toBeCloseTo(0.85);
});

test('never decreases and never exceeds 1, for any lines', () => {
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
