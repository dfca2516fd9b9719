import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type BootTraits,
  bootMode,
  currentBootMode,
  planBoot,
  virtualizationType,
} from '../images/boot.ts';
import type { RecordKind } from '../record-kinds.ts';
import type { Boot, BootMode } from '../records/boot.ts';
import { definedMembers } from '../records/defined-members.ts';
import type { EarlierRecord } from './record-migration.ts';
import { rootsAndBoots } from './roots-and-boots.ts';

const converterWith = (...images: readonly EarlierRecord[]) =>
  rootsAndBoots.converter((kind) => (kind === 'image' ? images : []), {});

const modes: readonly BootMode[] = ['legacy-bios', 'uefi', 'uefi-preferred'];
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

interface EarlierImage extends BootTraits {
  readonly rootDeviceType: string;
  readonly rootDeviceName: string;
}
const earlierImages: fc.Arbitrary<EarlierImage> = fc.record({
  virtualizationType: fc.constantFrom('hvm', 'paravirtual'),
  rootDeviceType: fc.constantFrom('ebs', 'instance-store'),
  rootDeviceName: fc.constantFrom('/dev/xvda', '/dev/sda1'),
  bootMode: maybe(fc.constantFrom(...modes)),
  kernelId: maybe(fc.constant('aki-1')),
  ramdiskId: maybe(fc.constant('ari-1')),
});

const recordOf = (image: EarlierImage): EarlierRecord => ({
  id: 'ami-1',
  name: 'an-image',
  ...definedMembers(image),
});

/** What a launch of the image recorded, with the image's boot mode or, in the first version, without. */
const launchedOf = (image: EarlierImage, { keepsMode }: { keepsMode: boolean }): EarlierRecord => ({
  ...recordOf({ ...image, bootMode: image.bootMode === 'uefi' ? 'uefi' : 'legacy-bios' }),
  id: 'i-1',
  imageId: 'ami-1',
  ...(keepsMode ? definedMembers({ imageBootMode: image.bootMode }) : {}),
});

/** The boot that the image gets: its own, without the mode that a paravirtual one cannot have. */
function wantedBoot({ rootDeviceType: _, rootDeviceName: __, ...traits }: EarlierImage): Boot {
  const { virtualizationType: type, bootMode: mode } = traits;
  return planBoot({ ...traits, bootMode: type === 'hvm' ? mode : undefined });
}

test('every image gets its root and its boot in place of the flat members', () => {
  fc.assert(
    fc.property(earlierImages, (image) => {
      expect(converterWith()('image', recordOf(image))).toStrictEqual({
        id: 'ami-1',
        name: 'an-image',
        root: { kind: image.rootDeviceType, deviceName: image.rootDeviceName },
        boot: wantedBoot(image),
      });
    }),
  );
});

test("every instance gets its image's boot, whether it kept the image's mode or not", () => {
  fc.assert(
    fc.property(earlierImages, fc.boolean(), (image, keepsMode) => {
      const convert = converterWith(recordOf(image));
      expect(convert('instance', launchedOf(image, { keepsMode }))).toStrictEqual({
        id: 'i-1',
        name: 'an-image',
        imageId: 'ami-1',
        root: { kind: image.rootDeviceType, deviceName: image.rootDeviceName },
        boot: wantedBoot(image),
      });
    }),
  );
});

test("an instance whose image is gone keeps what its record says of the image's mode", () => {
  fc.assert(
    fc.property(earlierImages, fc.boolean(), (image, keepsMode) => {
      fc.pre(image.virtualizationType === 'hvm');
      const converted = converterWith()('instance', launchedOf(image, { keepsMode }));
      const { boot } = converted as { boot?: Boot };
      if (boot === undefined) throw new Error('the instance has no boot');
      const isKnown = keepsMode || image.bootMode === 'uefi';
      expect(bootMode({ boot })).toBe(isKnown ? image.bootMode : undefined);
      expect(currentBootMode({ boot })).toBe(image.bootMode === 'uefi' ? 'uefi' : 'legacy-bios');
      expect(virtualizationType({ boot })).toBe('hvm');
    }),
  );
});

test('converted records and records of other kinds stay as they are', () => {
  fc.assert(
    fc.property(earlierImages, (image) => {
      const convert = converterWith(recordOf(image));
      const records: readonly [RecordKind, EarlierRecord][] = [
        ['image', convert('image', recordOf(image))],
        ['instance', convert('instance', launchedOf(image, { keepsMode: true }))],
        ['volume', { id: 'vol-1', sizeGiB: 1 }],
        ['setting', { id: 'rootDeviceType', rootDeviceType: 'ebs' }],
      ];
      for (const [kind, record] of records) expect(convert(kind, record)).toBe(record);
    }),
  );
});
