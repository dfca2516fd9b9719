import type { AdminInput, AdminResult } from '@bakehouse/admin-api';
import { apiError, type Bake, type BakeId, type MetadataReader } from '@bakehouse/domain';
import { endLostBakes } from '../reconcilers/lost-bakes.ts';
import { bakeImageWorkflow } from '../workflows/bake-image.ts';
import type { AdminContext, AdminHandler } from './admin-handler.ts';

const defaultRecipe = 'bakehouse-linux';

function viewOf(
  { changes }: Pick<AdminContext, 'changes'>,
  { id, images = [], isCancelling = false, ...bake }: Bake,
): AdminResult<'BakeCancel'> {
  const progress = changes.lastProgress(id);
  const { recipe, state, startedAt, endedAt, name, failure } = bake;
  return {
    bakeId: id,
    recipe,
    state,
    startedAt,
    isCancelling,
    images,
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(name === undefined ? {} : { name }),
    ...(failure === undefined ? {} : { failure }),
    ...(progress === undefined ? {} : { progress }),
  };
}

function recipeOf({ builder }: AdminContext, input: AdminInput<'BakeStart'>): string {
  const { recipe = defaultRecipe } = input;
  if (builder.recipes.includes(recipe)) return recipe;
  throw apiError('InvalidParameterValue', {
    message: `There is no recipe '${recipe}'; there are: ${builder.recipes.join(', ')}`,
  });
}

export const bakeStart: AdminHandler<'BakeStart'> = async (context, input) => {
  const recipe = recipeOf(context, input);
  await endLostBakes(context);
  const fresh = { id: context.ids.resource('bake'), startedAt: context.clock.now() };
  const { bake, isNew } = await context.engine.write(async (tx) => {
    const current = await tx.list('bake', { where: { state: ['in-progress'] } });
    const same = current.find((each) => each.recipe === recipe && !each.isCancelling);
    if (same) return { bake: same, isNew: false };
    const workflowId = await bakeImageWorkflow.enqueue(tx, { bakeId: fresh.id });
    const made: Bake = { ...fresh, recipe, workflowId, state: 'in-progress' };
    await tx.put('bake', made);
    return { bake: made, isNew: true };
  });
  return { ...viewOf(context, bake), isNew };
};

async function bakeById(reader: MetadataReader, bakeId: BakeId): Promise<Bake> {
  const bake = await reader.get('bake', bakeId);
  if (bake) return bake;
  throw apiError('InvalidParameterValue', {
    message: `There is no bake '${bakeId}'; 'bakehouse bakes' lists those of the last days`,
  });
}

export const bakeList: AdminHandler<'BakeList'> = async (context, { bakeId }) => {
  const bakes = await context.metadata.read(async (reader) =>
    bakeId === undefined ? await reader.list('bake') : [await bakeById(reader, bakeId)],
  );
  return {
    bakes: bakes.toSorted((a, b) => b.startedAt - a.startedAt).map((bake) => viewOf(context, bake)),
  };
};

export const bakeCancel: AdminHandler<'BakeCancel'> = async (context, { bakeId }) => {
  const bake = await context.engine.write(async (tx) => {
    const found = await bakeById(tx, bakeId);
    if (found.state !== 'in-progress') {
      throw apiError('InvalidParameterValue', {
        message: `The bake '${bakeId}' is ${found.state} and cannot be cancelled`,
      });
    }
    const changed = { ...found, isCancelling: true };
    await tx.put('bake', changed);
    return changed;
  });
  return viewOf(context, bake);
};
