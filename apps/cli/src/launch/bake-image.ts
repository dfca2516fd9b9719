import type { AdminInput, AdminResult, WorkProgress } from '@bakehouse/admin-api';
import { adminOf, adminOptions } from '../client/admin.ts';
import type { Connection } from '../client/connection.ts';
import { CommandFailedError } from '../command.ts';

export type BakedImage = AdminResult<'BakeList'>['bakes'][number];

export interface BakeStep {
  /** The stage and what it does: `base system: downloading`. */
  readonly step: string;
  readonly fraction?: number;
}

/** Reads the progress of one bake. A report without a message, as at the end of a stage, is no new step. */
export function bakeStepReader(): (progress: WorkProgress) => BakeStep {
  let last = { stage: '', step: '' };
  return ({ stage, fraction, message }) => {
    if (message || stage !== last.stage) {
      last = { stage, step: message ? `${stage}: ${message}` : stage };
    }
    return { step: last.step, ...(fraction === undefined ? {} : { fraction }) };
  };
}

/** Waits for the end of a bake. Throws CommandFailedError when it has published nothing. */
export async function waitForBake(
  connection: Connection,
  { bakeId }: AdminInput<'BakeCancel'>,
  {
    onProgress,
    signal,
  }: {
    readonly onProgress: (progress: WorkProgress) => void;
    readonly signal: AbortSignal;
  },
): Promise<BakedImage> {
  const { followBake } = await import('@bakehouse/aws-wire');
  const bake = await followBake(adminOptions(connection), { bakeId }, { onProgress, signal });
  if (bake.state === 'completed') return bake;
  const why = bake.failure ? `: ${bake.failure.message}` : '';
  throw new CommandFailedError(
    `${bakeId} ${bake.state === 'failed' ? 'failed' : 'was cancelled'}${why}`,
  );
}

/** Has the server bake an image and publish it in every region. */
export async function bakeImage(
  connection: Connection,
  onProgress: (progress: BakeStep) => void,
  signal: AbortSignal,
): Promise<BakedImage> {
  const admin = await adminOf(connection);
  const started = await admin.call('BakeStart', {}, { signal });
  const readStep = bakeStepReader();
  return await waitForBake(connection, started, {
    signal,
    onProgress: (progress) => onProgress(readStep(progress)),
  });
}
