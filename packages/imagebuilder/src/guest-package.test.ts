import { expect, test } from 'vitest';
import { bakehouseLinux } from './bakehouse-linux.ts';
import { readGuestFiles } from './guest-files.ts';
import { guestPackage } from './guest-package.ts';

const textOf = async (path: string): Promise<string> => {
  const guest = guestPackage(bakehouseLinux, await readGuestFiles());
  const file = guest.files.find((candidate) => candidate.path === path);
  return Buffer.from(file?.contents ?? '').toString();
};

test('replaces initramfs-tools for kernel packages', async () => {
  expect(await textOf('DEBIAN/control')).toMatch(/^Provides: linux-initramfs-tool$/m);
});

test('disables root login, passwords and keyboard-interactive', async () => {
  const settings = await textOf('etc/ssh/sshd_config.d/10-bakehouse.conf');
  expect(settings).toMatch(/^PasswordAuthentication no$/m);
  expect(settings).toMatch(/^KbdInteractiveAuthentication no$/m);
  expect(settings).toMatch(/^PermitRootLogin forced-commands-only$/m);
});

test('registers its settings with dpkg, which keeps changed ones at upgrades', async () => {
  const conffiles = (await textOf('DEBIAN/conffiles')).trimEnd().split('\n');
  expect(conffiles).toContain('/etc/cloud/cloud.cfg.d/10_bakehouse.cfg');
  expect(conffiles).toContain('/etc/default/bakehouse-boot');
  expect(conffiles.every((path) => path.startsWith('/etc/'))).toBe(true);
});

test('enables each unit that the recipe names, by a relative link', async () => {
  const { links } = guestPackage(bakehouseLinux, []);
  const wants = 'usr/lib/systemd/system/multi-user.target.wants';
  expect(links[`${wants}/bakehouse-cloud-init.service`]).toBe('../bakehouse-cloud-init.service');
  expect(Object.keys(links)).toHaveLength(bakehouseLinux.enabledUnits.length);
});

test('scripts are executable, settings are not', async () => {
  for (const file of await readGuestFiles()) {
    const isScript = Buffer.from(file.contents).toString('latin1', 0, 2) === '#!';
    expect([file.path, file.mode]).toEqual([file.path, isScript ? 0o755 : 0o644]);
  }
});

test('masks no unit that it enables', () => {
  const masked = new Set([...bakehouseLinux.maskedUnits, ...bakehouseLinux.unitsOnDemand]);
  expect(bakehouseLinux.enabledUnits.filter((unit) => masked.has(unit))).toEqual([]);
});
