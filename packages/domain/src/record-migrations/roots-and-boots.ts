import type { Boot, BootMode } from '../records/boot.ts';
import { definedMembers } from '../records/defined-members.ts';
import type { EarlierRecord, RecordConverter, RecordMigration } from './record-migration.ts';

/** The members that an image and an instance had before. */
interface EarlierMembers {
  readonly virtualizationType?: unknown;
  readonly rootDeviceType?: unknown;
  readonly rootDeviceName?: unknown;
  readonly kernelId?: string;
  readonly ramdiskId?: string;
  /** Of an image its own; of an instance the one that its machine boots in. */
  readonly bootMode?: BootMode;
  /** Of an instance that a later version launched: its image's. */
  readonly imageBootMode?: BootMode;
}

function withSums(record: EarlierRecord, mode: BootMode | undefined): EarlierRecord {
  const { id, ...members } = record;
  const { virtualizationType, rootDeviceType, rootDeviceName, ...unrooted } =
    members as EarlierMembers;
  const { kernelId, ramdiskId, bootMode: _, imageBootMode: __, ...rest } = unrooted;
  const ids = definedMembers({ kernelId, ramdiskId });
  const boot: Boot =
    virtualizationType === 'paravirtual'
      ? { kind: 'kernel', ...ids }
      : { kind: 'disk', ...definedMembers({ mode }), ...ids };
  return { id, ...rest, root: { kind: rootDeviceType, deviceName: rootDeviceName }, boot };
}

/**
 * Images and instances get `root` and `boot` in place of flat members. An instance of the first version does not have its
 * image's boot mode; it gets it from the image or, where that is gone, from its own mode, which is `uefi` only for an image
 * of that mode. The boot mode of a paravirtual image, which only a seed file could give it, is dropped.
 */
export const rootsAndBoots: RecordMigration = {
  name: 'roots and boots of images and instances',
  lookUpKinds: ['image'],
  converter(recordsOf): RecordConverter {
    const images = new Map(recordsOf('image').map((image) => [image.id, image as EarlierMembers]));
    const imageMode = ({ imageId, bootMode, imageBootMode }: EarlierRecord & EarlierMembers) =>
      imageBootMode ??
      images.get(String(imageId))?.bootMode ??
      (bootMode === 'uefi' ? bootMode : undefined);
    return (kind, record) => {
      if (!('rootDeviceType' in record)) return record;
      const members: EarlierRecord & EarlierMembers = record;
      if (kind === 'image') return withSums(record, members.bootMode);
      return kind === 'instance' ? withSums(record, imageMode(members)) : record;
    };
  },
};
