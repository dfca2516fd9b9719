import { createHash } from 'node:crypto';
import type { GuestFile } from './guest-files.ts';
import type { Recipe } from './recipe.ts';

const groupLengths = [8, 4, 4, 4, 4, 4, 4, 8];

/** The hash of a recipe and of the guest's files, in the groups of `recipe_id` in /etc/image-id. */
export function recipeId(recipe: Recipe, files: readonly GuestFile[]): string {
  const hash = createHash('sha256').update(JSON.stringify(recipe));
  for (const file of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    hash.update(`\0${file.path}\0${file.mode}\0${file.contents.length}\0`).update(file.contents);
  }
  return inGroups(hash.digest('hex'));
}

function inGroups(digits: string): string {
  let start = 0;
  const groups = groupLengths.map((length) => {
    const group = digits.slice(start, start + length);
    start += length;
    return group;
  });
  return groups.join('-');
}
