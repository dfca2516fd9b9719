import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { exportNames, readExportKey } from './export-names.ts';

const names = exportNames(Buffer.alloc(32, 1));
const mapId = 'map-00000000000000001';

const volumeId = 'vol-00000000000000001';

const named = { mapId, volumeId } as const;

test.each([{ mapId } as const, named])('a name means what it was made for: %j', (each) => {
  expect(names.meaningOf(names.nameOf(each))).toEqual(each);
});

const ofTool = names.nameOf({ mapId });
const ofVolume = names.nameOf(named);
const otherKey = exportNames(Buffer.alloc(32, 2));

test.each([
  ['of no proof', mapId],
  ['of an empty proof', `${mapId}.`],
  ['of another key', otherKey.nameOf({ mapId })],
  ['of a volume and another key', otherKey.nameOf(named)],
  ['of another map', ofTool.replace(mapId, 'map-00000000000000002')],
  ['of another map for the volume', ofVolume.replace(mapId, 'map-00000000000000002')],
  ['of another volume', ofVolume.replace(volumeId, 'vol-00000000000000002')],
  ['without its volume', ofVolume.replace(`.${volumeId}`, '')],
  ['with a volume', ofTool.replace(mapId, `${mapId}.${volumeId}`)],
  ['that is too long', `${ofVolume}0`],
  ['that is too short', ofVolume.slice(0, -1)],
  ['without anything', ''],
])('a name %s means nothing', (_, guess) => {
  expect(names.meaningOf(guess)).toBeUndefined();
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
