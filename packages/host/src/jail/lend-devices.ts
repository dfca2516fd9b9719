import { chown, rm, stat } from 'node:fs/promises';
import { secondMs } from '@bakehouse/base';
import { runCommand } from '../run-command.ts';
import { hasHostIds } from '../user-namespace/id-map.ts';
import type { Jail, JailDevice } from './plan-jail.ts';

/** Read and write for others. */
const openToAll = 0o006;

export interface LentDevices {
  readonly devices: readonly JailDevice[];
  /** `kept`: a device is open to a group of this process only, which the jail needs, too. */
  readonly groups: NonNullable<Jail['groups']>;
  /** Removes the nodes from the host. A jail that has them keeps them. */
  takeBack(): Promise<void>;
}

/**
 * Gives a user the devices at `paths`. Most hosts open /dev/net/tun to everybody; where a device is closed, the user
 * gets a node of its own, which exists on the host until the jail has it. `name` is unique on this host. In a user
 * namespace nobody makes nodes: there the jail gets the host's node, and opens it by a group of this process.
 */
export async function lendDevices(
  paths: readonly string[],
  { user, name }: { readonly user: number; readonly name: string },
): Promise<LentDevices> {
  const lent: string[] = [];
  const takeBack = async () => {
    await Promise.all(lent.map((path) => rm(path, { force: true })));
  };
  const devices: JailDevice[] = [];
  const makesNodes = hasHostIds();
  let groups: LentDevices['groups'] = 'none';
  try {
    for (const path of paths) {
      const { mode, rdev } = await stat(path);
      if ((mode & openToAll) === openToAll) {
        devices.push({ source: path, path });
        continue;
      }
      if (!makesNodes) {
        devices.push({ source: path, path });
        groups = 'kept';
        continue;
      }
      const source = `/dev/.bakehouse-${name}${path.slice('/dev'.length).replaceAll('/', '-')}`;
      lent.push(source);
      await makeNode(source, rdev, user);
      devices.push({ source, path });
    }
    return { devices, groups, takeBack };
  } catch (error) {
    await takeBack();
    throw error;
  }
}

async function makeNode(path: string, rdev: number, user: number): Promise<void> {
  // A launch that was cut short may have left one.
  await rm(path, { force: true });
  const [major, minor] = deviceNumbers(rdev);
  const argv = ['mknod', '-m', '0600', path, 'c', `${major}`, `${minor}`];
  await runCommand(argv, { timeoutMs: 10 * secondMs });
  await chown(path, user, user);
}

/** As `major` and `minor` of sys/sysmacros.h, for numbers below 2^32. */
function deviceNumbers(rdev: number): readonly [number, number] {
  return [(rdev >>> 8) & 0xfff, (rdev & 0xff) | ((rdev >>> 12) & 0xff_ff00)];
}
