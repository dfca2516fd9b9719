import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { GiB, type LogLevel, MiB, messageOf } from '@bakehouse/base';
import { findRegion, publicRegions, type RegionName } from '@bakehouse/domain';
import { jailUserIds, type UserRange } from '@bakehouse/host';
import { readDatabaseUrl } from '@bakehouse/metadata-postgres/database-url';
import { planAddressing } from '@bakehouse/network/addressing';
import { type HostResource, hostResources } from '@bakehouse/orchestration';
import { defaultDataDirectory, serveSettings } from './settings.ts';

/** A platform without root: it is in a user namespace of one of the host's users. */
interface Rootless {
  /** That user's id on the host. */
  readonly userId: number;
  /** Where the user's platforms claim ids for guests' processes, which all have the same subordinate ids. */
  readonly claims: string;
}

/** Everything that is decided outside of the server. Read once, at its start. */
export interface Config {
  readonly dataDirectory: string;
  /** Where the folder of sockets is created: `/run` for root, else `$XDG_RUNTIME_DIR` or `/tmp`. */
  readonly runtimeParent: string;
  /** Environment variables for programs that download packages: the proxies. */
  readonly proxies: Readonly<Record<string, string>>;
  readonly host: string;
  readonly port: number;
  /** Of the PostgreSQL database that has the records; absent where they are in the data folder. */
  readonly metadataUrl?: string;
  /** Where other servers reach this one; absent: where it listens. */
  readonly advertised?: string;
  readonly auth: 'strict' | 'open';
  readonly regions: readonly RegionName[];
  readonly compute: 'qemu' | 'simulated';
  readonly seedPath?: string;
  readonly logLevel: LogLevel;
  readonly ownerAlias: string;
  readonly publicCidr: string;
  readonly outbound: boolean;
  /** The user ids of guests' processes. */
  readonly guestUsers: UserRange;
  /** Free bytes of the disk that guests may not use up; absent: what its size suggests. */
  readonly diskReserveBytes?: number;
  /** Absent: the server is root, or not yet in its user namespace. */
  readonly rootless?: Rootless;
  /** In place of what the host's size suggests. */
  readonly widths: Partial<Record<HostResource, number>>;
  /** Every answer is checked against its service's model. */
  readonly checkAnswers: boolean;
}

/** A mistake of the person who starts the server. The message says what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const isRoot = () => process.getuid?.() === 0;

/** As curl and apt read them; `http_proxy` has no upper-case form there. */
const proxyVariables =
  /^(http_proxy|https_proxy|ftp_proxy|all_proxy|no_proxy|HTTPS_PROXY|FTP_PROXY|ALL_PROXY|NO_PROXY)$/;

function proxiesOf(environment: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value !== undefined && proxyVariables.test(name) ? [[name, value]] : [],
    ),
  );
}

type SettingName = keyof typeof serveSettings;
type Environment = Readonly<Record<string, string | undefined>>;

function oneOf<Value extends string>(name: string, text: string, allowed: readonly Value[]): Value {
  const value = allowed.find((each) => each === text);
  if (value === undefined) {
    throw new UsageError(`--${name} must be one of ${allowed.join(', ')}, not '${text}'`);
  }
  return value;
}

function parsePlace(name: SettingName, text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) {
    throw new UsageError(`--${name} must be HOST:PORT, for example 127.0.0.1:4599, not '${text}'`);
  }
  return { host: match[1] ?? match[2] ?? '', port };
}

/** A URL that is refused may have a password, so no message shows it. */
function parseMetadata(text: string): Pick<Config, 'metadataUrl'> {
  if (text === 'sqlite') return {};
  try {
    return { metadataUrl: readDatabaseUrl(text).url };
  } catch (error) {
    throw new UsageError(`--metadata must be sqlite or a database: ${messageOf(error)}`);
  }
}

function parseAdvertise(text: string): Pick<Config, 'advertised'> {
  if (text === '') return {};
  const { port } = parsePlace('advertise', text);
  if (port > 0) return { advertised: `http://${text}` };
  throw new UsageError(`--advertise must name a port that others can reach, not '${text}'`);
}

/** The first region is the home region: of the command line, and of requests that name none. */
function parseRegions(text: string): readonly RegionName[] {
  if (text === 'all') return [...new Set(['us-east-1', ...publicRegions.map(({ name }) => name)])];
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !findRegion(name));
  if (unknown !== undefined) {
    throw new UsageError(
      `--regions has '${unknown}', which is no public AWS region; try us-east-1`,
    );
  }
  return [...new Set(names)];
}

/** What clients give to `--owners`: not an account id, and not `self`, which means the caller. */
function parseOwnerAlias(text: string): string {
  if (/^[a-z][a-z0-9-]{0,62}$/.test(text) && text !== 'self') return text;
  throw new UsageError(
    `--owner-alias must have up to 63 lower-case letters, digits and hyphens, and begin with a letter, not '${text}'`,
  );
}

function parseWidths(text: string): Config['widths'] {
  const widths: Partial<Record<HostResource, number>> = {};
  for (const part of text.split(',').filter((each) => each !== '')) {
    const [, name, digits] = /^([a-z]+)=([1-9]\d{0,3})$/.exec(part) ?? [];
    const resource = hostResources.find((each) => each === name);
    if (!resource) {
      throw new UsageError(
        `--widths must name ${hostResources.join(', ')} with a number from 1, for example disk=8,boot=4; not '${part}'`,
      );
    }
    widths[resource] = Number(digits);
  }
  return widths;
}

const guestUsersMin = 100;

/** In a user namespace with 65536 ids: above those of accounts, below those of systemd's services and nobody. */
const rootlessGuestUsers: UserRange = { first: 10_000, last: 59_999 };

/** All ids that a guest's jail may have, whatever `--guest-users` was when it was made. */
export const jailIdsOf = ({ rootless }: Pick<Config, 'rootless'>): UserRange =>
  rootless ? rootlessGuestUsers : jailUserIds;

/** Set by `enterUserNamespace`, for the program that it becomes. */
export const rootlessVariable = 'BAKEHOUSE_ROOTLESS_USER';

function readRootless(environment: Environment): Pick<Config, 'rootless'> {
  const text = environment[rootlessVariable];
  if (!text) return {};
  const stateHome = environment.XDG_STATE_HOME || join(homedir(), '.local', 'state');
  return { rootless: { userId: Number(text), claims: join(stateHome, 'bakehouse', 'users') } };
}

function parseGuestUsers(text: string, isRootless: boolean): UserRange {
  if (isRootless) {
    if (text === serveSettings['guest-users'].fallback) return rootlessGuestUsers;
    throw new UsageError(
      "--guest-users is for root; without root, guests' processes have subordinate ids of this user (/etc/subuid)",
    );
  }
  const [, first, last] = (/^(\d{1,10})-(\d{1,10})$/.exec(text) ?? []).map(Number);
  if (
    first === undefined ||
    last === undefined ||
    first < jailUserIds.first ||
    last > jailUserIds.last ||
    last - first + 1 < guestUsersMin
  ) {
    throw new UsageError(
      `--guest-users must be FIRST-LAST, at least ${guestUsersMin} ids from ${jailUserIds.first} to ${jailUserIds.last}, for example 500000-565535, not '${text}'`,
    );
  }
  return { first, last };
}

function parseDiskReserve(text: string): Pick<Config, 'diskReserveBytes'> {
  if (text === '') return {};
  const [, digits, unit = 'MiB'] =
    /^(\d{1,9}) ?(MiB|GiB)$/.exec(text === '0' ? '0MiB' : text) ?? [];
  if (digits !== undefined) {
    return { diskReserveBytes: Number(digits) * (unit === 'GiB' ? GiB : MiB) };
  }
  throw new UsageError(
    `--disk-reserve must be a size in MiB or GiB, for example 512MiB, or 0 for none, not '${text}'`,
  );
}

/** By the network's own rule, which also holds where guests and their addresses are simulated. */
function parsePublicCidr(text: string): string {
  try {
    planAddressing(text);
    return text;
  } catch (error) {
    throw new UsageError(`--public-cidr: ${messageOf(error)}`);
  }
}

function checkRootless({ rootless, publicCidr }: Config): void {
  if (!rootless || publicCidr.startsWith('127.')) return;
  throw new UsageError(
    `--public-cidr ${publicCidr} has addresses that only root can give the host; without root use a range of 127.0.0.0/8`,
  );
}

const isLoopback = (host: string) => host === 'localhost' || host === '::1' || /^127\./.test(host);

const isAnyAddress = (host: string) => host === '0.0.0.0' || host === '::';

function checkTogether(config: Config): Config {
  checkRootless(config);
  if (config.metadataUrl && !config.advertised && isAnyAddress(config.host)) {
    throw new UsageError(
      `--listen ${config.host} is no address that another server can reach; add --advertise HOST:PORT`,
    );
  }
  if (config.advertised && !config.metadataUrl) {
    throw new UsageError(
      '--advertise is for servers that share a database; add --metadata with its URL, or leave it out',
    );
  }
  if (config.auth === 'open' && !isLoopback(config.host)) {
    throw new UsageError(
      `--auth open accepts anyone, so it is refused together with --listen ${config.host}; listen on 127.0.0.1 or use --auth strict`,
    );
  }
  if (config.seedPath && config.compute !== 'simulated') {
    throw new UsageError(
      '--seed registers images without bytes, so it is refused with real compute; add --compute simulated',
    );
  }
  return config;
}

/** The configuration: from flags, else from the environment, else by default. Throws UsageError. */
export function readConfig(args: readonly string[], environment: Environment): Config {
  const options = Object.fromEntries(
    Object.keys(serveSettings).map((name) => [name, { type: 'string' as const }]),
  );
  let values: Record<string, unknown>;
  try {
    values = parseArgs({ args: [...args], options, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
  const setting = (name: SettingName): string => {
    const { environment: variable, fallback } = serveSettings[name];
    return String(values[name] ?? environment[variable] ?? fallback);
  };
  const seedPath = setting('seed');
  const { rootless } = readRootless(environment);
  return checkTogether({
    ...(rootless && { rootless }),
    dataDirectory: resolve(setting('data') || defaultDataDirectory(environment)),
    runtimeParent: isRoot() ? '/run' : (environment.XDG_RUNTIME_DIR ?? '/tmp'),
    proxies: proxiesOf(environment),
    ...parsePlace('listen', setting('listen')),
    ...parseMetadata(setting('metadata')),
    ...parseAdvertise(setting('advertise')),
    auth: oneOf('auth', setting('auth'), ['strict', 'open']),
    regions: parseRegions(setting('regions')),
    compute: oneOf('compute', setting('compute'), ['qemu', 'simulated']),
    ...(seedPath ? { seedPath: resolve(seedPath) } : {}),
    logLevel: oneOf('log-level', setting('log-level'), ['debug', 'info', 'warn', 'error']),
    ownerAlias: parseOwnerAlias(setting('owner-alias')),
    publicCidr: parsePublicCidr(setting('public-cidr')),
    outbound: oneOf('outbound', setting('outbound'), ['on', 'off']) === 'on',
    guestUsers: parseGuestUsers(setting('guest-users'), rootless !== undefined),
    ...parseDiskReserve(setting('disk-reserve')),
    widths: parseWidths(setting('widths')),
    checkAnswers: oneOf('check-answers', setting('check-answers'), ['on', 'off']) === 'on',
  });
}
