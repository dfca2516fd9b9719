import { bakehouseLinux } from './bakehouse-linux.ts';
import type { Recipe } from './recipe.ts';

const recipes: readonly Recipe[] = [bakehouseLinux];

export const recipeNames: readonly string[] = recipes.map((recipe) => recipe.name);

/** Throws an error that lists the recipes when there is none of that name. */
export function recipeByName(name: string): Recipe {
  const found = recipes.find((recipe) => recipe.name === name);
  if (found === undefined) {
    throw new Error(`there is no recipe '${name}'; there are: ${recipeNames.join(', ')}`);
  }
  return found;
}
