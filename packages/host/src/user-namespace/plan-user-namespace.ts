/** Says whose namespaces a process is in: it is in their /run, and has the path of a platform's data folder. */
export const ownerFile = '/run/bakehouse-of';

/**
 * Covers /run with a folder that is empty but for what the host has there: `ip netns` and platforms keep their names in
 * /run, which belongs to the host's root. The working directory holds on to the host's /run meanwhile, so paths in it are
 * relative and not resolved.
 */
const makeOwnRun = `here=$PWD
cd /run
mount -c -t tmpfs -o mode=0755 bakehouse /run
for entry in * .[!.]*; do
  case $entry in netns | bakehouse-*) continue ;; esac
  if [ -L "$entry" ]; then
    cp -P "$entry" "/run/$entry"
  elif [ -d "$entry" ]; then
    mkdir -p "/run/$entry"
    mount -c --rbind "./$entry" "/run/$entry" || :
  elif [ -e "$entry" ]; then
    : > "/run/$entry"
    mount -c --bind "./$entry" "/run/$entry" || :
  fi
done
mkdir -m 0755 /run/netns
printf %s "$1" > ${ownerFile}
shift
cd "$here" || cd /
exec "$@"`;

/**
 * The argv that makes a user namespace, in which this user is root and has its subordinate ids, and mounts of its own,
 * and then becomes `argv`. `owner` is written to `ownerFile`. The network stays the host's.
 */
export function makeNamespacesCommand(owner: string, argv: readonly string[]): readonly string[] {
  return [
    ...['unshare', '--user', '--map-root-user', '--map-auto'],
    // What the host unmounts is unmounted here, too.
    ...['--mount', '--propagation', 'slave', '--'],
    ...['sh', '-ec', makeOwnRun, 'sh', owner, ...argv],
  ];
}

const goTo = 'cd "$1" || cd /; shift; exec "$@"';

/**
 * The argv that joins the namespaces of a process that `makeNamespacesCommand` began, and then becomes `argv` in the
 * folder `at`. Groups of the host, such as kvm, are kept.
 */
export function joinNamespacesCommand(
  pid: number,
  { at, argv }: { readonly at: string; readonly argv: readonly string[] },
): readonly string[] {
  return [
    ...['nsenter', '--preserve-credentials', '--user', '--mount', '--target', `${pid}`, '--'],
    ...['sh', '-c', goTo, 'sh', at, ...argv],
  ];
}
