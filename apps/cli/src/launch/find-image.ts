import type { ConnectedClient } from '../client/ec2.ts';
import { findByName, type Named } from '../client/find-by-name.ts';
import { type ImageRow, listImages } from '../client/images.ts';
import { CommandFailedError } from '../command.ts';

const imageNamed = (row: ImageRow): Named => ({
  id: row.imageId,
  names: [row.name],
  isLive: row.state === 'available',
});

/** The newest image of the platform's own account that can be launched; undefined before the first bake. */
export async function findNewestPlatformImage(
  { client, connection }: ConnectedClient,
  signal: AbortSignal,
): Promise<ImageRow | undefined> {
  const rows = await listImages(client, signal, [connection.platformOwner]);
  return rows.find((row) => row.state === 'available');
}

/** The image that is meant: by id, beginning of the id or name; without a word the newest of the platform. */
export async function findImage(
  { client, connection }: ConnectedClient,
  query: string | undefined,
  signal: AbortSignal,
): Promise<ImageRow> {
  if (query !== undefined) {
    const rows = await listImages(client, signal);
    const listedBy = 'bakehouse images --all';
    return findByName(rows, query, { noun: 'image', listedBy, describe: imageNamed });
  }
  const newest = await findNewestPlatformImage({ client, connection }, signal);
  if (newest) return newest;
  const { platformOwner, region } = connection;
  throw new CommandFailedError(
    `there is no image of owner ${platformOwner} in ${region}; 'bakehouse bake' makes one`,
  );
}
