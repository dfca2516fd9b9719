import {
  nextSubordinateRange,
  type SubordinateOwner,
  type SubordinateRange,
  subordinateRanges,
} from '@bakehouse/host';

const settingsFile = '/etc/sysctl.d/60-bakehouse.conf';
const tunRulesFile = '/etc/udev/rules.d/60-bakehouse.rules';

/** The command that changes a setting of the kernel, now and at each boot. */
export function sysctlCommand(name: string, value: string): string {
  return `sudo sysctl -w ${name}=${value} && echo ${name}=${value} | sudo tee -a ${settingsFile}`;
}

/** The command that opens /dev/net/tun to users, now and at each boot. */
export const tunCommand = `sudo chmod 0666 /dev/net/tun && echo 'KERNEL=="tun", MODE="0666"' | sudo tee ${tunRulesFile}`;

/** The texts of /etc/subuid and /etc/subgid. */
export interface SubordinateFiles {
  readonly subuid: string;
  readonly subgid: string;
}

const optionsOf = { subuid: 'subuids', subgid: 'subgids' } as const;
const kinds = ['subuid', 'subgid'] as const;

/** What keeps a user from having this many ids, and the command that gives them; undefined when nothing does. */
export function subordinateProblem(
  files: SubordinateFiles,
  owner: SubordinateOwner,
  idsMin: number,
): { readonly detail: string; readonly remedy: string } | undefined {
  const next = nextSubordinateRange([files.subuid, files.subgid], idsMin);
  const short = kinds.filter((kind) => (rangesIn(files[kind], owner)[0]?.count ?? 0) < idsMin);
  if (short.length === 0) return undefined;
  const removals = short.flatMap((kind) =>
    inTheWay(rangesIn(files[kind], owner), idsMin).map(
      (range) => `--del-${optionsOf[kind]} ${textOf(range)}`,
    ),
  );
  const additions = short
    .filter((kind) => !rangesIn(files[kind], owner).some(({ count }) => count >= idsMin))
    .map((kind) => `--add-${optionsOf[kind]} ${textOf(next)}`);
  const commands = [removals, additions].filter(({ length }) => length > 0);
  const where = short.map((kind) => `/etc/${kind}`).join(' and ');
  return {
    detail: `the first line of ${where} for ${owner.name} must give ${idsMin}`,
    remedy: commands
      .map((options) => `sudo usermod ${options.join(' ')} ${owner.name}`)
      .join(' && '),
  };
}

const rangesIn = (text: string, owner: SubordinateOwner) => subordinateRanges(text, owner);

/** `unshare --map-auto` takes a user's first range, so shorter ones before a long one must go. */
function inTheWay(
  ranges: readonly SubordinateRange[],
  idsMin: number,
): readonly SubordinateRange[] {
  const whole = ranges.findIndex(({ count }) => count >= idsMin);
  return whole === -1 ? ranges : ranges.slice(0, whole);
}

const textOf = ({ first, count }: SubordinateRange) => `${first}-${first + count - 1}`;
