import { findConnection } from '../client/connection.ts';
import { fetchHealth, type Health } from '../client/health.ts';
import type { Command } from '../command.ts';
import type { Terminal } from '../terminal/terminal.ts';

function stateOf({ status, starting }: Health): string {
  if (status === 'standby') return 'standby';
  return starting ? `starting (${starting})` : 'serving';
}

export function healthLines(
  endpoint: string,
  health: Health,
  style: Terminal['style'],
): readonly string[] {
  const { status, active, accelerator, compute, counts, problems = [] } = health;
  const guests = accelerator && new Set([compute, accelerator.accel]);
  const has = counts && Object.entries(counts).map(([name, count]) => `${count} ${name}`);
  return [
    `${style('green', stateOf(health))} ${endpoint} (version ${health.version}, pid ${health.pid})`,
    ...(status === 'standby' ? [`active   ${active ?? 'none is known'}`] : []),
    ...(guests ? [`guests   ${[...guests].join(', ')}: ${accelerator.reason}`] : []),
    `data     ${health.store.directory}`,
    `regions  ${health.regions.join(', ')}`,
    ...(has ? [`has      ${has.join(', ')}`] : []),
    ...problems.map((problem) => `${style('red', 'problem')}  ${problem}`),
  ];
}

export const statusCommand: Command = {
  name: 'status',
  usage: '',
  argumentsMax: 0,
  summary: 'show what the server is and has',
  help: 'Asks the server for its health: version, accelerator and why, store, counts.',
  async run({ terminal, options, signal, env }) {
    const { endpoint } = await findConnection(env);
    const health = await fetchHealth(endpoint, signal);
    if (options.json) terminal.print(JSON.stringify(health));
    else for (const line of healthLines(endpoint, health, terminal.style)) terminal.print(line);
    return 0;
  },
};
