/** How far mmdebstrap has come, told from what it, apt and dpkg write with `--verbose`. */
export interface BootstrapProgress {
  /** 0 to 1, never less than before. */
  readonly fraction: number;
  readonly message?: string;
}

/** Shares of the whole: measured on two cores with packages from a near mirror. */
const downloadShare = 0.2;
const unpackShare = 0.35;
const configureShare = 0.4;

const phases: readonly (readonly [RegExp, string])[] = [
  [/^I: running apt-get update/, 'package lists'],
  [/^I: downloading packages/, 'downloading'],
  [/^I: extracting archives/, 'extracting'],
  [/^I: installing essential packages/, 'installing essential packages'],
  [/^I: installing remaining packages/, 'installing packages'],
  [/^I: cleaning package lists/, 'cleaning up'],
  [/^I: creating tarball/, 'packing'],
];

/** Reads one line at a time; answers undefined where a line tells nothing new. */
export function bootstrapProgressReader(): (line: string) => BootstrapProgress | undefined {
  let expected = 0;
  const seen = {
    got: new Set<string>(),
    unpacked: new Set<string>(),
    configured: new Set<string>(),
  };
  let best = 0;

  const note = (line: string): boolean => {
    const total = /^\d+ upgraded, (\d+) newly installed/.exec(line)?.[1];
    if (total !== undefined) {
      expected += Number(total);
      return true;
    }
    const got = /^Get:\d+ \S+ \S+ \S+ (\S+) /.exec(line)?.[1];
    const unpacked = /^Unpacking (\S+) /.exec(line)?.[1];
    const configured = /^Setting up (\S+) /.exec(line)?.[1];
    if (got !== undefined) seen.got.add(got);
    if (unpacked !== undefined) seen.unpacked.add(unpacked);
    if (configured !== undefined) seen.configured.add(configured);
    return got !== undefined || unpacked !== undefined || configured !== undefined;
  };

  const fraction = (): number => {
    const part = (names: ReadonlySet<string>) => Math.min(1, names.size / Math.max(expected, 1));
    // Cached packages are not fetched again: unpacking says that they are there.
    const there = new Set([...seen.got, ...seen.unpacked]);
    return (
      downloadShare * part(there) +
      unpackShare * part(seen.unpacked) +
      configureShare * part(seen.configured)
    );
  };

  return (line) => {
    const message = phases.find(([pattern]) => pattern.test(line))?.[1];
    const isCounted = note(line);
    if (message === undefined && !isCounted) return undefined;
    if (expected > 0) best = Math.max(best, fraction());
    return { fraction: best, ...(message === undefined ? {} : { message }) };
  };
}
