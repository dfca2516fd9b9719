import {
  type BlockDeviceMapping,
  DescribeImagesCommand,
  type EC2Client,
  type Image,
  waitUntilImageAvailable,
} from '@aws-sdk/client-ec2';
import { patience } from './cloud.ts';

/** The image, when it is available. */
export async function availableImage(ec2: EC2Client, imageId: string): Promise<Image> {
  await waitUntilImageAvailable(patience(ec2), { ImageIds: [imageId] });
  const { Images } = await ec2.send(new DescribeImagesCommand({ ImageIds: [imageId] }));
  const image = Images?.[0];
  if (!image) throw new Error(`${imageId} is not described`);
  return image;
}

export function snapshotOf(
  { BlockDeviceMappings = [] }: { BlockDeviceMappings?: BlockDeviceMapping[] | undefined },
  deviceName: string,
): string {
  const mapping = BlockDeviceMappings.find(({ DeviceName }) => DeviceName === deviceName);
  const snapshotId = mapping?.Ebs?.SnapshotId;
  if (!snapshotId) throw new Error(`no snapshot for ${deviceName}`);
  return snapshotId;
}
