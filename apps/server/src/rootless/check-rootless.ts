import { userInfo } from 'node:os';
import { messageOf, secondMs } from '@bakehouse/base';
import {
  findProgram,
  installHint,
  readTextIfExists,
  runCommand,
  subordinateRanges,
} from '@bakehouse/host';
import { firstOpenPort, hostPortOf } from '@bakehouse/network/host-ports';
import type { Config } from '../config.ts';
import type { Check } from '../doctor/check.ts';
import { subordinateProblem, sysctlCommand } from './remedies.ts';

/** As many as the files of a guest's image have, and guests' processes take theirs from the same ones. */
const idsMin = 65_536;
const timeoutMs = 15 * secondMs;

type Finding = Pick<Check, 'status' | 'detail' | 'remedy'>;

const fine = (detail: string): Finding => ({ status: 'ok', detail });
const missing = (detail: string, remedy: string): Finding => ({ status: 'fail', detail, remedy });

/** Settings with which a kernel keeps user namespaces from users, and the commands that change them. */
const forbiddingSettings = [
  { path: '/proc/sys/user/max_user_namespaces', forbids: '0', allow: '15000' },
  { path: '/proc/sys/kernel/unprivileged_userns_clone', forbids: '0', allow: '1' },
  // Ubuntu, from 23.10 on.
  { path: '/proc/sys/kernel/apparmor_restrict_unprivileged_userns', forbids: '1', allow: '0' },
] as const;

async function userNamespaces(): Promise<Finding> {
  try {
    await runCommand(['unshare', '--user', '--map-root-user', '--mount', 'true'], { timeoutMs });
    return fine('this user may make them');
  } catch (error) {
    return missing(messageOf(error), await wayToUserNamespaces());
  }
}

async function wayToUserNamespaces(): Promise<string> {
  for (const { path, forbids, allow } of forbiddingSettings) {
    if ((await readTextIfExists(path))?.trim() !== forbids) continue;
    const name = path.slice('/proc/sys/'.length).replaceAll('/', '.');
    return sysctlCommand(name, allow);
  }
  return 'allow them: in a container by its seccomp profile; or run the platform as root';
}

async function idTools(): Promise<Finding> {
  const names = ['newuidmap', 'newgidmap'] as const;
  const found = await Promise.all(names.map(findProgram));
  if (!found.includes(undefined)) return fine(names.join(', '));
  return missing('newuidmap is not installed', 'sudo apt-get install uidmap');
}

async function subordinateIds(): Promise<Finding> {
  const { username: name, uid: id } = userInfo();
  const textOf = async (path: string) => (await readTextIfExists(path)) ?? '';
  const subuid = await textOf('/etc/subuid');
  const files = { subuid, subgid: await textOf('/etc/subgid') };
  const problem = subordinateProblem(files, { name, id }, idsMin);
  if (problem) return missing(problem.detail, problem.remedy);
  return fine(`${subordinateRanges(subuid, { name, id })[0]?.count} for ${name}`);
}

/** All of it together, as the server does it. */
async function mapping(): Promise<Finding> {
  const argv = ['unshare', '--user', '--map-root-user', '--map-auto', '--mount', '--'];
  try {
    const map = await runCommand([...argv, 'cat', '/proc/self/uid_map'], { timeoutMs });
    const ids = map
      .split('\n')
      .reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[2] ?? 0), 0);
    if (ids >= idsMin) return fine(`${ids} ids in a user namespace`);
    return missing(
      `a user namespace has only ${ids} ids`,
      'give the user one whole range in /etc/subuid',
    );
  } catch (error) {
    return missing(messageOf(error), 'needs util-linux 2.38 (Debian 12, Ubuntu 24.04) or newer');
  }
}

async function wayOut({ outbound }: Pick<Config, 'outbound'>): Promise<Finding> {
  if (!outbound) return fine('not needed with --outbound off');
  const path = await findProgram('pasta');
  if (path !== undefined) return fine(path);
  return missing(`pasta is not installed${installHint('pasta')}`, 'sudo apt-get install passt');
}

/** What of guests' ports is elsewhere on the host. */
export async function lowPortCheck(): Promise<Check> {
  const start = await firstOpenPort();
  const named = { area: 'network', name: 'low ports' } as const;
  if (start <= 22) return { ...named, status: 'ok', detail: `users may listen from ${start} on` };
  return {
    ...named,
    status: 'warn',
    detail: `guests' ports below ${start} are ${hostPortOf(0, start)} higher on this host: ssh is ${hostPortOf(22, start)}`,
    remedy: `${sysctlCommand('net.ipv4.ip_unprivileged_port_start', '22')}; start the server again`,
  };
}

/** What this user lacks for a platform without root, each with the command that provides it. Changes nothing. */
export async function checkRootless(config: Pick<Config, 'outbound'>): Promise<readonly Check[]> {
  const parts = await Promise.all([userNamespaces(), idTools(), subordinateIds(), wayOut(config)]);
  const names = ['user namespaces', 'uidmap', 'subordinate ids', 'way outside'];
  const checks = parts.map(
    (finding, index): Check => ({
      area: 'rootless',
      name: names[index] ?? '',
      ...finding,
    }),
  );
  const isWhole = checks.slice(0, 3).every(({ status }) => status === 'ok');
  return [
    ...checks,
    ...(isWhole ? [{ area: 'rootless', name: 'mapping', ...(await mapping()) } as const] : []),
  ];
}
