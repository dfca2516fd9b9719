import { findConnection } from '../client/connection.ts';
import type { Command } from '../command.ts';

interface Health {
  readonly version: string;
  readonly pid: number;
  readonly compute: string;
  readonly accelerator: { readonly accel: string; readonly reason: string };
  readonly store: { readonly directory: string };
  readonly regions: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
}

export const status: Command = {
  name: 'status',
  usage: '',
  summary: 'show what the server is and has',
  help: 'Asks the server for its health: version, accelerator and why, store, counts.',
  async run({ terminal, options, signal }) {
    const { endpoint } = await findConnection(process.env);
    const limit = AbortSignal.any([signal, AbortSignal.timeout(10_000)]);
    const response = await fetch(`${endpoint}/healthz`, { signal: limit }).catch(
      (cause: unknown) => {
        throw new Error(`${endpoint} does not answer; start it with 'bakehouse serve'`, { cause });
      },
    );
    const health = (await response.json()) as Health;
    if (options.json) terminal.print(JSON.stringify(health));
    else {
      const counts = Object.entries(health.counts).map(([name, count]) => `${count} ${name}`);
      terminal.print(
        `${terminal.style('green', 'serving')} ${endpoint} (version ${health.version}, pid ${health.pid})`,
      );
      terminal.print(
        `guests   ${health.compute}, ${health.accelerator.accel}: ${health.accelerator.reason}`,
      );
      terminal.print(`data     ${health.store.directory}`);
      terminal.print(`regions  ${health.regions.join(', ')}`);
      terminal.print(`has      ${counts.join(', ')}`);
    }
    return 0;
  },
};
