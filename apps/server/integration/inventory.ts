import {
  type CreateVolumePermission,
  DescribeImageAttributeCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeKeyPairsCommand,
  DescribeSecurityGroupsCommand,
  DescribeSnapshotAttributeCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  type EC2Client,
  type Image,
  type Instance,
  type IpPermission,
  type LaunchPermission,
  type SecurityGroup,
  type Snapshot,
  type Tag,
  type Volume,
} from '@aws-sdk/client-ec2';

/** What an account has: a line for each thing, without ids, sorted. */
export interface Inventory {
  readonly images: readonly string[];
  readonly instances: readonly string[];
  readonly volumes: readonly string[];
  readonly snapshots: readonly string[];
  readonly keys: readonly string[];
  readonly groups: readonly string[];
}

export const nothing: Inventory = {
  images: [],
  instances: [],
  volumes: [],
  snapshots: [],
  keys: [],
  groups: [],
};

/**
 * Read by the SDK. Left out is what the story of a client did not make or has ended: the seeded image with its
 * snapshots, default groups, terminated instances.
 */
export async function inventory(ec2: EC2Client, seededImageId: string): Promise<Inventory> {
  const [{ Images = [] }, { Reservations = [] }, { Volumes = [] }, { Snapshots = [] }] =
    await Promise.all([
      ec2.send(new DescribeImagesCommand({ Owners: ['self'] })),
      ec2.send(new DescribeInstancesCommand({})),
      ec2.send(new DescribeVolumesCommand({})),
      ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] })),
    ]);
  const { KeyPairs = [] } = await ec2.send(new DescribeKeyPairsCommand({}));
  const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({}));
  const isSeeded = ({ ImageId }: Image) => ImageId === seededImageId;
  const seeded = Images.filter(isSeeded).flatMap(snapshotIds);
  const images = Images.filter((image) => !isSeeded(image));
  const snapshots = Snapshots.filter(({ SnapshotId }) => !seeded.includes(SnapshotId));
  const instances = Reservations.flatMap((each) => each.Instances ?? []);
  return {
    images: (await Promise.all(images.map((image) => imageLine(ec2, image)))).sort(),
    instances: instances
      .filter(({ State }) => State?.Name !== 'terminated')
      .map(instanceLine)
      .sort(),
    volumes: Volumes.map(volumeLine).sort(),
    snapshots: (await Promise.all(snapshots.map((each) => snapshotLine(ec2, each)))).sort(),
    keys: KeyPairs.map(({ KeyName = '', Tags }) => line(KeyName, tagged(Tags))).sort(),
    groups: SecurityGroups.filter(({ GroupName }) => GroupName !== 'default')
      .map(groupLine)
      .sort(),
  };
}

const line = (...parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined && part !== '').join('; ');

const joined = (words: readonly (string | undefined)[]): string => [...words].sort().join(', ');

const tagged = (tags: readonly Tag[] = []): string =>
  joined(tags.map(({ Key, Value }) => `${Key}=${Value}`));

const snapshotIds = ({ BlockDeviceMappings = [] }: Image) =>
  BlockDeviceMappings.map(({ Ebs }) => Ebs?.SnapshotId);

const readers = (permissions: readonly (LaunchPermission | CreateVolumePermission)[] = []) =>
  joined(permissions.map(({ UserId, Group }) => `for ${UserId ?? Group}`));

async function imageLine(ec2: EC2Client, image: Image): Promise<string> {
  const asked = { ImageId: image.ImageId, Attribute: 'launchPermission' } as const;
  const { LaunchPermissions } = await ec2.send(new DescribeImageAttributeCommand(asked));
  const disks = (image.BlockDeviceMappings ?? []).map(
    ({ DeviceName, VirtualName, Ebs }) =>
      `${DeviceName} ${VirtualName ?? `${Ebs?.VolumeSize} GiB ${Ebs?.VolumeType}`}`,
  );
  const { Name, Description, State, Tags } = image;
  return line(Name, Description, State, joined(disks), readers(LaunchPermissions), tagged(Tags));
}

async function snapshotLine(ec2: EC2Client, snapshot: Snapshot): Promise<string> {
  const asked = { SnapshotId: snapshot.SnapshotId, Attribute: 'createVolumePermission' } as const;
  const { CreateVolumePermissions } = await ec2.send(new DescribeSnapshotAttributeCommand(asked));
  const { Description = '', State, VolumeSize, Tags } = snapshot;
  // What CreateImage writes into the description names ids.
  const description = Description.replaceAll(/-[0-9a-f]{17}\b/g, '-…');
  const permissions = readers(CreateVolumePermissions);
  return line(`${VolumeSize} GiB`, State, description, permissions, tagged(Tags));
}

function volumeLine({ Size, VolumeType, State, Attachments = [], Tags }: Volume): string {
  const devices = joined(Attachments.map(({ Device }) => Device));
  return line(`${Size} GiB ${VolumeType}`, State, devices, tagged(Tags));
}

function instanceLine(instance: Instance): string {
  const { InstanceType, State, KeyName, SecurityGroups = [], Tags } = instance;
  const groups = joined(SecurityGroups.map(({ GroupName }) => GroupName));
  const disks = joined((instance.BlockDeviceMappings ?? []).map(({ DeviceName }) => DeviceName));
  const key = KeyName && `key ${KeyName}`;
  return line(InstanceType, State?.Name, key, `in ${groups}`, disks, tagged(Tags));
}

function groupLine(group: SecurityGroup): string {
  const { GroupId, GroupName, IpPermissions, IpPermissionsEgress, Tags } = group;
  const ingress = joined(rules(IpPermissions, GroupId));
  const egress = joined(rules(IpPermissionsEgress, GroupId));
  return line(GroupName, `from ${ingress}`, `to ${egress}`, tagged(Tags));
}

/** As `127.0.0.1/32 tcp 22-22`; the group itself is `self`. */
function rules(permissions: readonly IpPermission[] = [], self: string | undefined): string[] {
  return permissions.flatMap(({ IpProtocol, FromPort, ToPort, IpRanges, UserIdGroupPairs }) => {
    const ports = FromPort === undefined ? '' : ` ${FromPort}-${ToPort}`;
    const protocol = IpProtocol === '-1' ? 'all' : IpProtocol;
    const ranges = (IpRanges ?? []).map(({ CidrIp }) => CidrIp);
    const groups = (UserIdGroupPairs ?? []).map(({ GroupId }) =>
      GroupId?.replace(self ?? '', 'self'),
    );
    return [...ranges, ...groups].map((peer) => `${peer} ${protocol}${ports}`);
  });
}
