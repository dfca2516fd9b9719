import { type Commit, defineWorkflow } from '@bakehouse/workflow-engine';
import type { WorkflowContext } from '../context.ts';
import {
  type FastLaunchInput,
  fastLaunchPlace,
  readFastLaunch,
  readFastLaunchInput,
  removeTemplate,
} from './fast-launch-record.ts';
import { enqueuePrune } from './prune-blocks.ts';

/** From `disabling` to nothing. Instances that were launched from the template keep its disk's blocks. */
export const deleteFastLaunchWorkflow = defineWorkflow<WorkflowContext, FastLaunchInput>({
  kind: 'delete-fast-launch',
  version: 1,
  readInput: readFastLaunchInput,
  place: (reader, { imageId }) => fastLaunchPlace(reader, imageId),
  onFailure: 'retry',
  steps: [
    {
      name: 'template',
      run: async (context, input) => {
        const record = await readFastLaunch(context, input, 'disabling');
        if (record) await removeTemplate(context, record);
      },
    },
    {
      name: 'gone',
      run:
        async (_, { imageId }): Promise<Commit> =>
        async (tx) => {
          const record = await tx.get('fastLaunch', imageId);
          if (record?.state !== 'disabling') return;
          await tx.delete('fastLaunch', imageId);
          await enqueuePrune(tx);
        },
    },
  ],
});
