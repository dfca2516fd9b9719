/** The text of a seed file with one public image, in the form that describe-images prints. */
export function imageSeed(imageId: string): string {
  const Ebs = { SnapshotId: 'snap-00000000000000001', VolumeSize: 8, DeleteOnTermination: true };
  const image = {
    ImageId: imageId,
    Name: 'an-image',
    OwnerId: '123456789012',
    State: 'available',
    Public: true,
    CreationDate: '2026-01-01T00:00:00.000Z',
    Architecture: 'x86_64',
    VirtualizationType: 'hvm',
    EnaSupport: true,
    RootDeviceType: 'ebs',
    RootDeviceName: '/dev/xvda',
    ImageType: 'machine',
    BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs }],
  };
  return JSON.stringify({ Images: [image] });
}
