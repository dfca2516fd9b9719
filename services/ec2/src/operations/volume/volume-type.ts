import { apiError, type VolumeType, volumeTypes } from '@bakehouse/domain';

/** The named type, undefined where none is named, or `UnknownVolumeType`. */
export function knownVolumeType(text: string | undefined): VolumeType | undefined {
  if (text === undefined || text === '') return undefined;
  const type = volumeTypes.find((each) => each === text);
  if (type) return type;
  throw apiError('UnknownVolumeType', { type: text, known: volumeTypes });
}
