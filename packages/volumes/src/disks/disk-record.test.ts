import { expect, test } from 'vitest';
import { DiskFormatError } from '../volume-errors.ts';
import { decodeDiskRecord, encodeDiskRecord } from './disk-record.ts';

test.each([{}, { originMapId: 'map-0123456789abcdef0' as const }])(
  '%j is read as written',
  (record) => {
    expect(decodeDiskRecord(encodeDiskRecord(record), 'disk.json')).toEqual(record);
  },
);

test.each([
  '',
  '[]',
  'null',
  '{}',
  '{"version":2}',
  '{"version":1,"originMapId":7}',
  '{"version":1,"originMapId":"map-x"}',
])('%s is refused', (text) => {
  expect(() => decodeDiskRecord(text, 'disk.json')).toThrow(DiskFormatError);
});
