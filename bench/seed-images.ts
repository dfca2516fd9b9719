import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const hex = (number: number) => number.toString(16).padStart(17, '0');

/** A seed file of so many images, each with a snapshot, in the form that describe-images prints. */
export async function seedImages(
  count: number,
): Promise<{ readonly seedPath: string; readonly imageIds: readonly string[] }> {
  const images = Array.from({ length: count }, (_, index) => ({
    ImageId: `ami-${hex(index + 1)}`,
    Name: `image-${index}`,
    OwnerId: '123456789012',
    State: 'available',
    Public: false,
    CreationDate: '2026-01-01T00:00:00.000Z',
    Architecture: 'x86_64',
    VirtualizationType: 'hvm',
    RootDeviceType: 'ebs',
    RootDeviceName: '/dev/xvda',
    EnaSupport: true,
    ImageType: 'machine',
    Hypervisor: 'xen',
    PlatformDetails: 'Linux/UNIX',
    Tags: [{ Key: 'group', Value: String(index % 1000) }],
    BlockDeviceMappings: [
      {
        DeviceName: '/dev/xvda',
        Ebs: {
          SnapshotId: `snap-${hex(index + 1)}`,
          VolumeSize: 8,
          VolumeType: 'gp3',
          DeleteOnTermination: true,
          Encrypted: false,
        },
      },
    ],
  }));
  const seedPath = join(await mkdtemp(join(tmpdir(), 'bakehouse-seed-')), 'images.json');
  await writeFile(seedPath, JSON.stringify({ Images: images }));
  return { seedPath, imageIds: images.map((image) => image.ImageId) };
}
