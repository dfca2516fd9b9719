import { expect, test } from 'vitest';
import { hostIdOf } from '../hosts/host-id.ts';
import { dataFolderSetting } from '../records/tombstone.ts';
import { hostsOfRecords } from './hosts-of-records.ts';
import type { EarlierRecord } from './record-migration.ts';

const hostId = 'host-0aaaaaaaaaaaaaaa1';
const folderId = '0f3a9c1e-2b4d-4f60-8a1b-2c3d4e5f6071';
const claim = { id: dataFolderSetting, value: { folderId, where: 'somewhere:/data' } };

const converter = (settings: readonly EarlierRecord[], facts = {}) =>
  hostsOfRecords.converter((kind) => (kind === 'setting' ? settings : []), facts);

test('records with a place get the host of the folder that claimed them', () => {
  const convert = converter([{ id: 'another' }, claim], { hostId });
  for (const kind of ['instance', 'volume', 'networkInterface'] as const)
    expect(convert(kind, { id: 'x', zone: 'us-east-1a' })).toEqual({
      id: 'x',
      zone: 'us-east-1a',
      hostId: hostIdOf(folderId),
    });
});

test('records that no folder has claimed get the host of the folder that they are in', () => {
  expect(converter([], { hostId })('volume', { id: 'x' })).toEqual({ id: 'x', hostId });
});

test('other records stay as they are', () => {
  const record = { id: 'x' };
  for (const kind of ['image', 'snapshot', 'setting', 'workflow'] as const)
    expect(converter([claim])(kind, record)).toBe(record);
});

test('without a claim and a host, records with a place are refused', () => {
  expect(() => converter([])('instance', { id: 'x' })).toThrow('the host that they are on');
  const unknown = { ...claim, value: { folderId: 'mine' } };
  expect(() => converter([unknown])('volume', { id: 'x' })).toThrow('is a UUID');
});
