import { readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface AgentCommandOptions {
  /** The argv prefix that runs a program inside the platform's network. */
  readonly enter: readonly string[];
  readonly documents: string;
  readonly key: string;
  /** The socket that serves its health. */
  readonly health: string;
  readonly build?: string;
  /** How many routers of the platform are between the agent and guests. Absent: none. */
  readonly routers?: number;
}

const program = fileURLToPath(new URL('./agent-main.ts', import.meta.url));

/** The rights of root that it needs until it listens: filters, port 80, mounts, another user, files of any owner. */
const rightsAtStart = [
  'net_admin',
  'net_bind_service',
  'sys_admin',
  'setuid',
  'setgid',
  'dac_override',
  'dac_read_search',
];

/**
 * The command that runs the agent: with mounts of its own, under which it hides the host's files, and without a way
 * to rights that it does not have at its start.
 */
export function agentCommand(options: AgentCommandOptions): readonly string[] {
  const { enter, documents, key, health, build = '', routers = 0 } = options;
  const bounding = `--bounding-set=-all,${rightsAtStart.map((name) => `+${name}`).join(',')}`;
  return [
    ...enter,
    // What the host unmounts is unmounted here, too: an agent must not hold a disk or another platform's namespace.
    ...['unshare', '--mount', '--propagation', 'slave', '--'],
    ...['setpriv', '--no-new-privs', bounding, '--inh-caps=-all', '--'],
    ...[process.execPath, program],
    ...['--documents', documents, '--key', key, '--health', health, '--build', build],
    ...['--routers', `${routers}`],
    // The mounts of this process, which the agent must not hide.
    ...['--host-mounts', readlinkSync('/proc/self/ns/mnt')],
  ];
}
