export { BakeRunningError } from './bake-lock.ts';
export { createImageBuilder, type ImageBuilderOptions } from './image-builder.ts';
export { recipeNames } from './recipes.ts';
export {
  type RequiredTool,
  requiredFiles,
  requiredTools,
  requiredToolsWithoutRoot,
} from './required-tools.ts';
