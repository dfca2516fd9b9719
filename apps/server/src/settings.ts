import { homedir } from 'node:os';
import { join } from 'node:path';

/** This module imports nothing of the server, so help and completion load nothing else. */
export interface ServerSetting {
  readonly flag: string;
  readonly environment: string;
  readonly fallback: string;
  readonly help: string;
}

/** Every setting by flag and by environment; `serve --help` prints this table. */
export const serveSettings = {
  data: {
    flag: 'DIR',
    environment: 'BAKEHOUSE_DATA',
    fallback: '',
    help: 'folder of all state (default $XDG_DATA_HOME/bakehouse)',
  },
  listen: {
    flag: 'HOST:PORT',
    environment: 'BAKEHOUSE_LISTEN',
    fallback: '127.0.0.1:4599',
    help: 'where to serve; port 0 takes a free one',
  },
  metadata: {
    flag: 'sqlite|URL',
    environment: 'BAKEHOUSE_METADATA',
    fallback: 'sqlite',
    help: 'records in the data folder, or in postgres://user@host/db, which servers may share',
  },
  advertise: {
    flag: 'HOST:PORT',
    environment: 'BAKEHOUSE_ADVERTISE',
    fallback: '',
    help: 'where other servers on the same PostgreSQL reach this one (default: where it listens)',
  },
  auth: {
    flag: 'strict|open',
    environment: 'BAKEHOUSE_AUTH',
    fallback: 'strict',
    help: 'strict verifies signatures; open accepts any credentials (loopback only)',
  },
  regions: {
    flag: 'LIST|all',
    environment: 'BAKEHOUSE_REGIONS',
    fallback: 'us-east-1,us-west-2,eu-west-1',
    help: 'regions to serve, separated by commas; China and GovCloud too (cn-north-1, us-gov-west-1)',
  },
  compute: {
    flag: 'qemu|simulated',
    environment: 'BAKEHOUSE_COMPUTE',
    fallback: 'qemu',
    help: 'simulated: instances are records without a guest, for tests of API clients',
  },
  seed: {
    flag: 'FILE',
    environment: 'BAKEHOUSE_SEED',
    fallback: '',
    help: 'images to register, as describe-images prints them (simulated only)',
  },
  'check-answers': {
    flag: 'on|off',
    environment: 'BAKEHOUSE_CHECK_ANSWERS',
    fallback: 'off',
    help: "for tests: an answer that is not as the service's model says is an error",
  },
  'log-level': {
    flag: 'debug|info|warn|error',
    environment: 'BAKEHOUSE_LOG_LEVEL',
    fallback: 'info',
    help: 'what goes to standard error',
  },
  'owner-alias': {
    flag: 'NAME',
    environment: 'BAKEHOUSE_OWNER_ALIAS',
    fallback: 'amazon',
    help: "owner alias of the platform's own images",
  },
  'public-cidr': {
    flag: 'CIDR',
    environment: 'BAKEHOUSE_PUBLIC_CIDR',
    fallback: '127.18.0.0/16',
    help: 'pool of public addresses, from a /12 to a /28',
  },
  outbound: {
    flag: 'on|off',
    environment: 'BAKEHOUSE_OUTBOUND',
    fallback: 'on',
    help: 'whether guests reach what is outside of this host',
  },
  'guest-users': {
    flag: 'FIRST-LAST',
    environment: 'BAKEHOUSE_GUEST_USERS',
    fallback: '500000-565535',
    help: "user ids for guests' processes, one each; no account of this host may have one",
  },
  'disk-reserve': {
    flag: 'SIZE',
    environment: 'BAKEHOUSE_DISK_RESERVE',
    fallback: '',
    help: 'free space that guests may not use up, or 0 (default: 1/20 of the disk, at most 1GiB)',
  },
  widths: {
    flag: 'LIST',
    environment: 'BAKEHOUSE_WIDTHS',
    fallback: '',
    help: 'how much at once, as disk=8,boot=4,capture=8 (default: by cores and memory)',
  },
} as const satisfies Record<string, ServerSetting>;

type Environment = Readonly<Record<string, string | undefined>>;

/** `$XDG_DATA_HOME/bakehouse`, or `~/.local/share/bakehouse`. */
export function defaultDataDirectory(environment: Environment): string {
  const dataHome = environment.XDG_DATA_HOME || join(homedir(), '.local', 'share');
  return join(dataHome, 'bakehouse');
}
