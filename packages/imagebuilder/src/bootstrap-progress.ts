/** The progress of mmdebstrap, read from the output of it, apt and dpkg with `--verbose`. */
export interface BootstrapProgress {
  /** 0 to 1; never decreases. */
  readonly fraction: number;
  readonly message?: string;
}

interface Phase {
  readonly begins: RegExp;
  readonly message: string;
  /** The share of the total time, measured on two cores with a near mirror. */
  readonly share: number;
  /** Lines that occur once for each package in this phase. */
  readonly steps: readonly RegExp[];
}

const fetched = /^Get:\d+ \S+ \S+ \S+ (\S+) /;
const unpacked = /^Unpacking (\S+) /;
const configured = /^Setting up (\S+) /;

const beforePhases: Phase = { begins: /^$/, message: 'starting', share: 0, steps: [] };

const phases: readonly Phase[] = [
  { begins: /^I: running apt-get update/, message: 'package lists', share: 0.05, steps: [] },
  { begins: /^I: downloading/, message: 'downloading', share: 0.1, steps: [fetched] },
  { begins: /^I: extracting/, message: 'extracting', share: 0.15, steps: [] },
  {
    begins: /^I: installing essential/,
    message: 'installing essential packages',
    share: 0.1,
    steps: [unpacked, configured],
  },
  {
    begins: /^I: installing remaining/,
    message: 'installing packages',
    share: 0.45,
    steps: [fetched, unpacked, configured],
  },
  { begins: /^I: cleaning/, message: 'cleaning up', share: 0.05, steps: [] },
  { begins: /^I: creating tarball/, message: 'packing', share: 0.1, steps: [] },
];

/** Reads one line at a time; returns undefined for a line without news. */
export function bootstrapProgressReader(): (line: string) => BootstrapProgress | undefined {
  let phase = beforePhases;
  let finished = 0;
  let expected = 0;
  let highest = 0;
  const done = new Map<RegExp, Set<string>>();

  const enter = (next: Phase) => {
    finished = phases.slice(0, phases.indexOf(next)).reduce((sum, { share }) => sum + share, 0);
    phase = next;
    done.clear();
  };

  const count = (line: string): boolean => {
    const total = /^\d+ upgraded, (\d+) newly installed/.exec(line)?.[1];
    if (total !== undefined) expected = Number(total);
    for (const step of phase.steps) {
      const name = step.exec(line)?.[1];
      if (name === undefined) continue;
      done.set(step, (done.get(step) ?? new Set()).add(name));
      return true;
    }
    return false;
  };

  const withinPhase = (): number => {
    const parts = phase.steps.map((_step, index) => {
      // A cached package is not fetched; a later step of it counts for the earlier ones as well.
      const counts = phase.steps.slice(index).map((later) => done.get(later)?.size ?? 0);
      return Math.min(1, Math.max(...counts) / Math.max(expected, 1));
    });
    return parts.reduce((sum, part) => sum + part, 0) / Math.max(parts.length, 1);
  };

  return (line) => {
    const next = phases.find(({ begins }) => begins.test(line));
    if (next !== undefined) enter(next);
    else if (!count(line)) return undefined;
    highest = Math.max(highest, Math.min(1, finished + phase.share * withinPhase()));
    return { fraction: highest, message: phase.message };
  };
}
