import type { EC2Client, Image } from '@aws-sdk/client-ec2';
import { loadSdk } from './ec2.ts';

/** An image as the commands show it; also what `--json` prints. */
export interface ImageRow {
  readonly imageId: string;
  readonly name: string;
  /** The owner's alias, else its account id. */
  readonly owner: string;
  readonly state: string;
  readonly architecture: string;
  readonly isPublic: boolean;
  readonly sizeGiB: number;
  readonly createdAt: string;
  readonly snapshotIds: readonly string[];
}

function imageRow(image: Image): ImageRow {
  const disks = image.BlockDeviceMappings?.flatMap(({ Ebs }) => Ebs ?? []) ?? [];
  return {
    imageId: image.ImageId ?? '',
    name: image.Name ?? '',
    owner: image.ImageOwnerAlias ?? image.OwnerId ?? '',
    state: image.State ?? '',
    architecture: image.Architecture ?? '',
    isPublic: image.Public ?? false,
    sizeGiB: disks.reduce((sum, disk) => sum + (disk.VolumeSize ?? 0), 0),
    createdAt: image.CreationDate ?? '',
    snapshotIds: disks.flatMap(({ SnapshotId }) => SnapshotId ?? []),
  };
}

/** All pages, the newest first. Without owners, every image that this account may see. */
export async function listImages(
  client: EC2Client,
  signal: AbortSignal,
  owners?: readonly string[],
): Promise<readonly ImageRow[]> {
  const { paginateDescribeImages } = await loadSdk();
  const rows: ImageRow[] = [];
  const request = owners ? { Owners: [...owners] } : {};
  for await (const page of paginateDescribeImages({ client }, request)) {
    signal.throwIfAborted();
    rows.push(...(page.Images ?? []).map(imageRow));
  }
  return rows.sort((a, b) => b.createdAt.localeCompare(a.createdAt));
}
