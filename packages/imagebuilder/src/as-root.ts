import { messageOf } from '@bakehouse/base';
import type { RunBakeCommand } from './bake-command.ts';

/** Runs a command in its own mount and pid namespaces, so that its mounts and all its descendants end with it. */
const ownNamespaces = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];

/** User ids of the guest's files come from the caller's range in /etc/subuid. */
const ownUserNamespace = ['--user', '--map-root-user', '--map-auto'];

/** The command line that runs `argv` as root: the real root, or root of a new user namespace. */
export function asRoot(userId: number, argv: readonly string[]): readonly string[] {
  return [...ownNamespaces, ...(userId === 0 ? [] : ownUserNamespace), '--', ...argv];
}

/** Throws an error with instructions when this host forbids what `asRoot` needs. */
export async function checkNamespaces(userId: number, run: RunBakeCommand): Promise<void> {
  try {
    await run(asRoot(userId, ['true']));
  } catch (cause) {
    const needs =
      userId === 0
        ? 'baking needs mount and pid namespaces (CAP_SYS_ADMIN), which this container forbids; bake on a host that allows them'
        : 'baking without root needs user namespaces, the package uidmap, and a range for this user in /etc/subuid and /etc/subgid; set them up, or bake as root';
    throw new Error(`${needs}: ${messageOf(cause)}`, { cause });
  }
}
