import { apiError } from '@bakehouse/domain';
import type { Operation } from '../../operation.ts';
import { fastLaunchView } from '../../views/fast-launch.ts';
import { endFastLaunch } from './fast-launch-request.ts';
import { ownImage } from './own-image.ts';

/**
 * Gives the template up. What is left of it is removed until it is gone, with and without `Force`, which asks EC2 to go on
 * after an error.
 */
export const disableFastLaunch: Operation<'DisableFastLaunch'> = async (context, request) =>
  await context.write(async (tx) => {
    const image = await ownImage(tx, context, request.ImageId);
    const record = await endFastLaunch(tx, image.id, context.now);
    if (record) return fastLaunchView(record);
    throw apiError('IncorrectState', {
      message: `Fast launch is not enabled for '${image.id}'`,
    });
  });
