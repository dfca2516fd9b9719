import { expect, test } from 'vitest';
import { masterBootRecord } from './master-boot-record.ts';

test('lays out boot code, disk id, one bootable Linux partition and the signature', () => {
  const sector = masterBootRecord({
    bootCode: new Uint8Array(512).fill(0xeb),
    diskId: 0x2013dead,
    firstSector: 2048,
    sectorCount: 4_192_256,
  });
  const view = new DataView(sector.buffer);
  expect(sector).toHaveLength(512);
  expect(sector.subarray(0, 440).every((byte) => byte === 0xeb)).toBe(true);
  expect(view.getUint32(440, true)).toBe(0x2013dead);
  expect([sector[446], sector[450]]).toEqual([0x80, 0x83]);
  expect([view.getUint32(454, true), view.getUint32(458, true)]).toEqual([2048, 4_192_256]);
  expect(sector.subarray(462, 510).every((byte) => byte === 0)).toBe(true);
  expect([sector[510], sector[511]]).toEqual([0x55, 0xaa]);
});
