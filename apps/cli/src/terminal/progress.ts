import type { Terminal } from './terminal.ts';

export interface Progress {
  readonly label: string;
  /** 0 to 1, where it is known. */
  readonly fraction?: number;
  readonly note?: string;
}

const barCells = 24;

export function progressLine({ label, fraction, note = '' }: Progress): string {
  if (fraction === undefined) return `${label} … ${note}`;
  const done = Math.round(Math.min(1, Math.max(0, fraction)) * barCells);
  const bar = `${'█'.repeat(done)}${'░'.repeat(barCells - done)}`;
  return `${bar} ${String(Math.round(fraction * 100)).padStart(3)} %  ${label} ${note}`;
}

/** A bar on a terminal; elsewhere a line when the label changes. */
export function progressPrinter(terminal: Terminal): {
  update(progress: Progress): void;
  end(): void;
} {
  let label = '';
  return {
    update(progress) {
      if (terminal.isInteractive) return terminal.transient(progressLine(progress));
      if (progress.label === label) return;
      label = progress.label;
      terminal.note(`${label} …`);
    },
    end: () => terminal.transient(undefined),
  };
}
