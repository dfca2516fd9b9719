import type { Command, CommandRunner } from './command-runner.ts';

/**
 * Ends with the process that started it, however that ends; its mounts and all its descendants
 * end with it, because they live in namespaces of their own.
 */
const ownNamespaces = [
  'setpriv',
  '--pdeathsig',
  'KILL',
  'unshare',
  '--mount',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
];

/** User ids of the guest's files come from the caller's range in /etc/subuid. */
const ownUserNamespace = ['--user', '--map-root-user', '--map-auto'];

/** The command line that runs `argv` as root: the real one, or that of a user namespace. */
export function asRoot(userId: number, argv: readonly string[]): Command['argv'] {
  const [first = 'setpriv', ...rest] = ownNamespaces;
  return [first, ...rest, ...(userId === 0 ? [] : ownUserNamespace), '--', ...argv];
}

/** Throws, with the way out, when this machine does not allow what `asRoot` needs. */
export async function requireRootPowers(userId: number, runner: CommandRunner): Promise<void> {
  try {
    await runner.run({ argv: asRoot(userId, ['true']) });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const wayOut =
      userId === 0
        ? 'Baking needs mount and pid namespaces (CAP_SYS_ADMIN), which this container forbids'
        : 'Baking without root needs user namespaces, the package uidmap, and a range for this ' +
          'user in /etc/subuid and /etc/subgid; or bake as root';
    throw new Error(`${wayOut}: ${reason}`, { cause });
  }
}
