import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const script = fileURLToPath(
  new URL('../guest/rootfs/usr/lib/bakehouse/disk-name', import.meta.url),
);
const run = promisify(execFile);

/** The same examples as in the test of `deviceIndex`. */
test.each([
  ['16', 'sda xvda'],
  ['17', 'sda1 xvda1'],
  ['96', 'sdf xvdf'],
  ['271', 'sdp15 xvdp15'],
  ['848', 'sdba xvdba'],
  ['2080', 'sddz xvddz'],
  ['4144', 'hdc'],
])('the guest names the disk with the number %s %s', async (number, names) => {
  expect((await run('sh', [script, number])).stdout).toBe(`${names}\n`);
});

test.each(['', '0', '15', '2096', '16383', 'x', '-1'])(
  'a number that is no name (%j) has none',
  async (number) => {
    await expect(run('sh', [script, number])).rejects.toMatchObject({ code: 1 });
  },
);
