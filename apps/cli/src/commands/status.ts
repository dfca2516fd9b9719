import { findConnection } from '../client/connection.ts';
import { fetchHealth } from '../client/health.ts';
import type { Command } from '../command.ts';

export const status: Command = {
  name: 'status',
  usage: '',
  summary: 'show what the server is and has',
  help: 'Asks the server for its health: version, accelerator and why, store, counts.',
  async run({ terminal, options, signal }) {
    const { endpoint } = await findConnection(process.env);
    const health = await fetchHealth(endpoint, signal);
    if (options.json) terminal.print(JSON.stringify(health));
    else {
      const counts = Object.entries(health.counts).map(([name, count]) => `${count} ${name}`);
      terminal.print(
        `${terminal.style('green', 'serving')} ${endpoint} (version ${health.version}, pid ${health.pid})`,
      );
      const { accel, reason } = health.accelerator;
      terminal.print(
        `guests   ${health.compute === accel ? '' : `${health.compute}, `}${accel}: ${reason}`,
      );
      terminal.print(`data     ${health.store.directory}`);
      terminal.print(`regions  ${health.regions.join(', ')}`);
      terminal.print(`has      ${counts.join(', ')}`);
      for (const problem of health.problems ?? []) {
        terminal.print(`${terminal.style('red', 'problem')}  ${problem}`);
      }
    }
    return 0;
  },
};
