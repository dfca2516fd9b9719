import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bootstrapProgressReader } from './bootstrap-progress.ts';

test('says in which phase mmdebstrap is', () => {
  const read = bootstrapProgressReader();
  expect(read('I: downloading packages with apt...')).toEqual({
    fraction: 0,
    message: 'downloading',
  });
  expect(read('Reading package lists...')).toBeUndefined();
});

test('counts what is fetched, unpacked and configured against what will be installed', () => {
  const read = bootstrapProgressReader();
  read('0 upgraded, 2 newly installed, 0 to remove and 0 not upgraded.');
  const lines = [
    'Get:1 http://deb.debian.org/debian bookworm/main amd64 less amd64 590-2.1 [131 kB]',
    'Get:2 http://deb.debian.org/debian bookworm/main amd64 curl amd64 7.88 [315 kB]',
    'Unpacking less (590-2.1) ...',
    'Unpacking curl (7.88) ...',
    'Setting up less (590-2.1) ...',
    'Setting up curl (7.88) ...',
  ];
  const fractions = lines.map((line) => read(line)?.fraction ?? -1);
  expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  expect(fractions.at(-1)).toBeCloseTo(0.95);
});

test('never goes back, whatever comes', () => {
  const line = fc.oneof(
    fc.string(),
    fc.constantFrom(
      '0 upgraded, 200 newly installed, 0 to remove and 0 not upgraded.',
      'Unpacking a (1) ...',
      'Unpacking b (1) ...',
      'Setting up a (1) ...',
      'Get:1 http://x y z a amd64 1 [1 kB]',
      'I: installing remaining packages inside the chroot...',
    ),
  );
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const read = bootstrapProgressReader();
      const fractions = lines.flatMap((text) => read(text)?.fraction ?? []);
      expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
      for (const fraction of fractions) expect(fraction).toBeLessThanOrEqual(1);
    }),
  );
});
