import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { exportNames, readExportKey } from './export-names.ts';

const names = exportNames(Buffer.alloc(32, 1));
const mapId = 'map-00000000000000001';

test('a name of the platform means its map, and no other name means anything', () => {
  const name = names.nameOf(mapId);
  expect(names.mapOf(name)).toBe(mapId);
  const foreign = exportNames(Buffer.alloc(32, 2)).nameOf(mapId);
  const moved = name.replace('map-00000000000000001', 'map-00000000000000002');
  for (const guess of [mapId, `${mapId}.`, foreign, moved, `${name}0`, name.slice(0, -1), '']) {
    expect(names.mapOf(guess)).toBeUndefined();
  }
});

test('the key is made once, for its owner alone, and again when it was cut short', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-key-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'export-key');
  const key = await readExportKey(path);
  expect(key).toHaveLength(32);
  expect(Buffer.from(await readExportKey(path)).equals(key)).toBe(true);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await writeFile(path, 'short');
  expect(await readExportKey(path)).toHaveLength(32);
});
