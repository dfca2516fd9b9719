import { apiError, type VolumeType } from '@bakehouse/domain';
import { volumeTypes } from '../../launch/volume-shape.ts';

/** The named type, undefined where none is named, or `UnknownVolumeType`. */
export function knownVolumeType(text: string | undefined): VolumeType | undefined {
  if (text === undefined || text === '') return undefined;
  const type = volumeTypes.find((each) => each === text);
  if (type) return type;
  throw apiError('UnknownVolumeType', {
    message: `Unknown volume type '${text}'. The supported types are ${volumeTypes.join(', ')}.`,
  });
}
