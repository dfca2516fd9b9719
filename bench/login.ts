import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateKeyPairCommand,
  CreateSecurityGroupCommand,
  DeleteKeyPairCommand,
  DeleteSecurityGroupCommand,
  DescribeInstancesCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { MiB } from '@bakehouse/base';
import { sshFromHost } from '../tests/boot/support/cloud.ts';
import { type Guest, knock, sshCommand } from '../tests/boot/support/guest.ts';
import { run } from '../tests/boot/support/run.ts';
import { servedBytes } from '../tests/boot/support/served-bytes.ts';
import { until } from '../tests/boot/support/wait.ts';
import { copyImage, killGuest, type Launched, readLaunched, startBareGuest } from './bare-guest.ts';
import { allocatedBytes } from './disk-image.ts';
import { type GuestPlatform, startGuestPlatform } from './guest-platform.ts';
import { median, type Row, seconds, verdict } from './row.ts';
import { makeStockImage, stockUser } from './stock-image.ts';

const goalRatio = 1.05;
/** Our image against Debian's cloud image, both alone on QEMU. */
const goalOfStock = 0.6;
const volumeGiB = 8;
const loginLimitMs = 600_000;
/** Turn by turn, so that a change of the machine's load meets all; bare and stock guests follow one of ours. */
const turns = ['ours', 'bare', 'stock', 'bare', 'stock', 'ours', 'ours', 'bare', 'stock'] as const;

interface Access {
  readonly folder: string;
  readonly keyName: string;
  readonly keyPath: string;
  readonly groupId: string;
}

export async function openAccess({ client }: GuestPlatform): Promise<Access> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-login-'));
  const keyPath = join(folder, 'key');
  const keyName = `bench-login-${Date.now()}`;
  const key = { KeyName: keyName, KeyType: 'ed25519' as const };
  const { KeyMaterial = '' } = await client.send(new CreateKeyPairCommand(key));
  await writeFile(keyPath, KeyMaterial, { mode: 0o600 });
  const group = { GroupName: keyName, Description: 'ssh for a measurement' };
  const { GroupId = '' } = await client.send(new CreateSecurityGroupCommand(group));
  const rule = { GroupId, IpPermissions: [sshFromHost] };
  await client.send(new AuthorizeSecurityGroupIngressCommand(rule));
  return { folder, keyName, keyPath, groupId: GroupId };
}

export async function closeAccess({ client }: GuestPlatform, access: Access): Promise<void> {
  await client.send(new DeleteSecurityGroupCommand({ GroupId: access.groupId }));
  await client.send(new DeleteKeyPairCommand({ KeyName: access.keyName }));
}

/** Resolves when a login works; asks so often that asking adds nothing to what is measured. */
export async function firstLogin(guest: Guest, user?: string): Promise<void> {
  const works = async () => {
    if ((await knock(guest.address, 22, 250)) !== 'open') return false;
    return (await run([...sshCommand(guest, user), 'true'])).code === 0;
  };
  await until(`a login on ${guest.address}`, works, { limitMs: loginLimitMs, everyMs: 50 });
}

export async function addressOf({ client }: GuestPlatform, instanceId: string): Promise<string> {
  const request = new DescribeInstancesCommand({ InstanceIds: [instanceId] });
  const ask = async () =>
    (await client.send(request)).Reservations?.[0]?.Instances?.[0]?.PublicIpAddress;
  return await until('a public address', ask, { limitMs: 60_000, everyMs: 100 });
}

interface OurLogin {
  readonly ms: number;
  readonly fetchedBytes: number;
  readonly instanceId: string;
  readonly guest: Guest;
  readonly launched: Launched;
}

export async function ourLogin(platform: GuestPlatform, access: Access): Promise<OurLogin> {
  const { client, imageId, dataDirectory } = platform;
  const servedBefore = await servedBytes(dataDirectory);
  const begun = performance.now();
  const { Instances = [] } = await client.send(
    new RunInstancesCommand({
      ImageId: imageId,
      InstanceType: 't3.micro',
      KeyName: access.keyName,
      SecurityGroupIds: [access.groupId],
      BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize: volumeGiB } }],
      MinCount: 1,
      MaxCount: 1,
    }),
  );
  const instanceId = Instances[0]?.InstanceId ?? '';
  const guest = { address: await addressOf(platform, instanceId), keyPath: access.keyPath };
  await firstLogin(guest);
  const ms = performance.now() - begun;
  const fetchedBytes = (await servedBytes(dataDirectory)) - servedBefore;
  const launched = await readLaunched(dataDirectory, instanceId);
  return { ms, fetchedBytes, instanceId, guest, launched };
}

/**
 * QEMU alone, in the place of a guest of the platform: the server is stopped and the guest's process ended, which
 * leaves its network card, address, rules and metadata document to the bare one.
 */
async function bareLogin(
  ours: OurLogin,
  { image, user }: { image: string; user?: string },
): Promise<number> {
  const folder = join(image, '..', 'bare');
  await using bare = await startBareGuest(ours.launched, { image, folder });
  await Promise.race([firstLogin(ours.guest, user), bare.failure]);
  return performance.now() - bare.begunAt;
}

interface Figures {
  readonly ours: readonly OurLogin[];
  readonly bareMs: readonly number[];
  readonly stockMs: readonly number[];
  readonly imageBytes: number;
}

async function takeTurns(platform: GuestPlatform, access: Access): Promise<Figures> {
  const image = join(access.folder, 'image.raw');
  const ours: OurLogin[] = [];
  const bareMs: number[] = [];
  const stockMs: number[] = [];
  const stockImage = await makeStockImage(access.folder, volumeGiB);
  let hasPlace = false;
  const endLast = async () => {
    const last = ours.at(-1);
    await platform.startServer();
    if (last) await platform.terminate(last.instanceId);
    hasPlace = false;
  };
  for (const turn of turns) {
    if (turn === 'ours') {
      await endLast();
      ours.push(await ourLogin(platform, access));
      if (ours.length === 1 && ours[0]) await copyImage(ours[0].launched, image, volumeGiB);
      continue;
    }
    const last = ours.at(-1);
    if (!last) continue;
    if (!hasPlace) {
      await platform.stopServer();
      await killGuest(last.launched);
      hasPlace = true;
    }
    if (turn === 'bare') bareMs.push(await bareLogin(last, { image }));
    else stockMs.push(await bareLogin(last, { image: stockImage, user: stockUser }));
  }
  await endLast();
  return { ours, bareMs, stockMs, imageBytes: await allocatedBytes(image) };
}

/** d) RunInstances to ssh against bare QEMU on a raw copy, and what of the image was fetched for it. */
export async function logins(): Promise<readonly Row[]> {
  await using platform = await startGuestPlatform();
  const access = await openAccess(platform);
  const { ours, bareMs, stockMs, imageBytes } = await takeTurns(platform, access);
  await closeAccess(platform, access);
  const our = median(ours.map(({ ms }) => ms));
  const bare = median(bareMs);
  const stock = median(stockMs);
  const fetched = median(ours.map(({ fetchedBytes }) => fetchedBytes));
  const all = (values: readonly number[]) => values.map((ms) => (ms / 1000).toFixed(1)).join(', ');
  return [
    {
      what: 'd) RunInstances to ssh login / bare QEMU on a raw copy of the image',
      measured: `${(our / bare).toFixed(3)} (${seconds(our)} / ${seconds(bare)})`,
      against: `≤ ${goalRatio}`,
      verdict: verdict(our / bare <= goalRatio),
      note: `medians of ${ours.length}, turn by turn (ours ${all(ours.map(({ ms }) => ms))}; bare ${all(bareMs)} s); bare: the same command line in the place of a launched guest (its network card, address and metadata agent) with a raw file as disk, copied before`,
    },
    {
      what: "d) launch to login: our image / stock Debian 12's, both bare",
      measured: `${(bare / stock).toFixed(3)} (${seconds(bare)} / ${seconds(stock)})`,
      against: `≤ ${goalOfStock}`,
      verdict: verdict(bare / stock <= goalOfStock),
      note: `medians of ${stockMs.length}, turn by turn (stock ${all(stockMs)} s); stock: Debian 12 with its cloud kernel, cloud-init, units, initramfs and kernel line unmodified, and few other packages`,
    },
    {
      what: 'd) image bytes that the guest asked for before the login',
      measured: `${Math.round(fetched / MiB)} of ${Math.round(imageBytes / MiB)} MiB (${Math.round((fetched / imageBytes) * 100)} %)`,
      against: '',
      verdict: 'no goal',
      note: 'NBD replies of the block server until the login',
    },
  ];
}
