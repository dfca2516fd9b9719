import { compactUtc, type TimestampMs } from '@bakehouse/base';
import type { Recipe } from './recipe.ts';

/** The keys of /etc/image-id, in this order. */
export interface ImageIdFile {
  readonly image_name: string;
  readonly image_version: string;
  readonly image_arch: string;
  readonly image_file: string;
  /** Random, `hhhh-hhhh`. */
  readonly image_stamp: string;
  /** UTC, YYYYMMDDhhmmss. */
  readonly image_date: string;
  readonly recipe_name: string;
  readonly recipe_id: string;
}

export interface BakeIdentity {
  readonly recipeId: string;
  readonly bakedAt: TimestampMs;
  /** Four random bytes. */
  readonly stamp: Uint8Array;
}

/** The name of the image, unique by its time to the second. */
export function imageName(recipe: Recipe, bakedAt: TimestampMs): string {
  return `${recipe.name}-${recipe.release}-${recipe.architecture}-${compactUtc(bakedAt)}`;
}

export function imageId(recipe: Recipe, identity: BakeIdentity): ImageIdFile {
  const stamp = Buffer.from(identity.stamp).toString('hex');
  return {
    image_name: recipe.name,
    image_version: recipe.release,
    image_arch: recipe.architecture,
    image_file: `${imageName(recipe, identity.bakedAt)}.ext4.mbr`,
    image_stamp: `${stamp.slice(0, 4)}-${stamp.slice(4, 8)}`,
    image_date: compactUtc(identity.bakedAt),
    recipe_name: recipe.title.toLowerCase(),
    recipe_id: identity.recipeId,
  };
}

/** The text of /etc/image-id; a shell can source it. */
export function formatImageId(id: ImageIdFile): string {
  return Object.entries(id)
    .map(([key, value]) => `${key}="${value}"\n`)
    .join('');
}
