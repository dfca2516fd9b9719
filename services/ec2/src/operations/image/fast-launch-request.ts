import {
  apiError,
  changeFastLaunch,
  type FastLaunch,
  type ImageId,
  inFastLaunchState,
} from '@bakehouse/domain';
import { deleteFastLaunchWorkflow } from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';

/** EC2's only kind of resource for a fast launch. */
const fastLaunchResource = 'snapshot';

export function checkResourceType(resourceType: string | undefined): void {
  if (resourceType === undefined || resourceType === fastLaunchResource) return;
  throw apiError('InvalidParameterValue', {
    parameter: 'ResourceType',
    value: resourceType,
    expected: [fastLaunchResource],
  });
}

/** Gives the template up, if there is one. Returns the record as it is then. */
export async function endFastLaunch(
  tx: ControlTransaction,
  imageId: ImageId,
  now: number,
): Promise<FastLaunch | undefined> {
  const record = await tx.get('fastLaunch', imageId);
  if (!record || record.state === 'disabling') return record;
  await changeFastLaunch(tx, imageId, (each) =>
    inFastLaunchState(each, 'disabling', { at: now, reason: 'Client.UserInitiated' }),
  );
  await deleteFastLaunchWorkflow.enqueue(tx, { imageId });
  return await tx.get('fastLaunch', imageId);
}
