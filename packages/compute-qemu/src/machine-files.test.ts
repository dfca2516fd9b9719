import { describe, expect, it } from 'vitest';
import { disksSocketPath, listMachineFolders, machineFolder } from './machine-files.ts';

describe('the folders of machines', () => {
  it('are named by instance ids and by nothing else', () => {
    expect(machineFolder('/data', 'i-0123456789abcdef0')).toBe('/data/i-0123456789abcdef0');
    expect(disksSocketPath('/data', 'i-0123456789abcdef0')).toMatch(
      /i-0123456789abcdef0\/disks.sock$/,
    );
    expect(() => machineFolder('/data', 'i-../../etc')).toThrow(RangeError);
  });

  it('are none when the data folder does not exist', async () => {
    expect(await listMachineFolders('/no/such/folder')).toEqual([]);
  });
});
