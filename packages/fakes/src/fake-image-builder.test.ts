import { secondMs } from '@bakehouse/base';
import { expect, test } from 'vitest';
import { FakeImageBuilder } from './fake-image-builder.ts';
import { ManualClock } from './manual-clock.ts';
import { MemorySources } from './memory-sources.ts';

const recipe = 'bakehouse-linux';

test('names are unique in a process and over restarts', async () => {
  const clock = new ManualClock(Date.parse('2026-11-29T19:31:12.535Z'));
  const before = new FakeImageBuilder({ clock, sources: new MemorySources() });
  const names = [await before.bake({ recipe }), await before.bake({ recipe })];
  await clock.advance(6 * secondMs);
  const after = new FakeImageBuilder({ clock, sources: new MemorySources() });
  names.push(await after.bake({ recipe }));
  expect(names.map(({ name }) => name)).toEqual([
    'bakehouse-linux-x86_64-20261129193112',
    'bakehouse-linux-x86_64-20261129193113',
    'bakehouse-linux-x86_64-20261129193118',
  ]);
});
