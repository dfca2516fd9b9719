import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Boot, BootMode } from '../records/boot.ts';
import { definedMembers } from '../records/defined-members.ts';
import { bootMode, currentBootMode, planBoot, virtualizationType } from './boot.ts';

const modes: readonly BootMode[] = ['legacy-bios', 'uefi', 'uefi-preferred'];
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const kernelIds = {
  kernelId: maybe(fc.constant('aki-1')),
  ramdiskId: maybe(fc.constant('ari-1')),
};
const traits = fc.oneof(
  fc.record({
    virtualizationType: fc.constant('hvm' as const),
    bootMode: maybe(fc.constantFrom(...modes)),
    ...kernelIds,
  }),
  fc.record({ virtualizationType: fc.constant('paravirtual' as const), ...kernelIds }),
);

test("EC2's members are read back as they were given", () => {
  fc.assert(
    fc.property(traits, (given) => {
      const boot = planBoot(given);
      const { kernelId, ramdiskId } = boot;
      const read = {
        virtualizationType: virtualizationType({ boot }),
        bootMode: bootMode({ boot }),
      };
      expect(definedMembers({ ...read, kernelId, ramdiskId })).toEqual(definedMembers(given));
    }),
  );
});

test('a paravirtual image has no boot mode', () => {
  const given = { virtualizationType: 'paravirtual', bootMode: 'uefi' } as const;
  expect(() => planBoot(given)).toThrow('a paravirtual image has no boot mode');
});

test.each<[Boot, 'legacy-bios' | 'uefi']>([
  [{ kind: 'disk' }, 'legacy-bios'],
  [{ kind: 'disk', mode: 'legacy-bios' }, 'legacy-bios'],
  [{ kind: 'disk', mode: 'uefi-preferred' }, 'legacy-bios'],
  [{ kind: 'disk', mode: 'uefi' }, 'uefi'],
  [{ kind: 'kernel', kernelId: 'aki-1' }, 'legacy-bios'],
])('a machine with %j boots in %s', (boot, mode) => {
  expect(currentBootMode({ boot })).toBe(mode);
});
