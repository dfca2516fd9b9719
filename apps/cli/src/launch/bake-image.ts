import { adminOf, lastEvent } from '../client/admin.ts';
import type { Connection } from '../client/connection.ts';

export interface BakedImage {
  readonly name: string;
  readonly images: readonly { readonly region: string; readonly imageId: string }[];
}

interface StageEvent {
  readonly stage: string;
  readonly fraction?: number;
  readonly message?: string;
}

export interface BakeOptions {
  readonly recipe?: string;
  readonly onProgress: (progress: {
    readonly step: string;
    readonly fraction?: number;
    readonly note: string;
  }) => void;
}

/** Has the server bake an image and publish it in every region. */
export async function bakeImage(
  connection: Connection,
  { recipe, onProgress }: BakeOptions,
  signal: AbortSignal,
): Promise<BakedImage> {
  const admin = await adminOf(connection);
  const events = admin.callStreaming('Bake', recipe ? { recipe } : {}, { signal });
  return await lastEvent<BakedImage>(events, (event) => {
    const { stage, fraction, message = '' } = event as StageEvent;
    onProgress({ step: stage, note: message, ...(fraction === undefined ? {} : { fraction }) });
  });
}
