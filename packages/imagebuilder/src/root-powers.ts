import type { Command } from './command-runner.ts';

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
