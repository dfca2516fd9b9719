import { createInterface } from 'node:readline/promises';
import type { Config, StoppedServers } from '@bakehouse/server';
import { findEndpoint } from '../client/connection.ts';
import { type Command, CommandUsageError, type Invocation } from '../command.ts';
import { printJson, textOption } from './options.ts';

async function confirm(question: string, { options, signal }: Invocation): Promise<void> {
  if (options.yes) return;
  if (!process.stdin.isTTY) throw new CommandUsageError(`${question} Say so by --yes`);
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await reader.question(`${question} Type yes: `, { signal });
  reader.close();
  if (answer.trim() !== 'yes') throw new CommandUsageError('not confirmed; nothing was ended');
}

/** The folder's own kind of compute decides what there is to end. */
async function readFolderConfig({ options, env }: Invocation): Promise<Config> {
  const { readConfig } = await import('@bakehouse/server');
  const data = textOption(options, 'data');
  const config = readConfig(data ? ['--data', data] : [], env);
  const compute = (await findEndpoint(config.dataDirectory))?.compute;
  return compute ? { ...config, compute } : config;
}

function questionOf(config: Config, deleteData: boolean): string {
  const what = deleteData ? 'end all guests and DELETE ALL DATA' : 'end all guests';
  return `This will ${what} of ${config.dataDirectory}.`;
}

function endedNote({ serverPid, standbyPids }: StoppedServers): string {
  const ended = standbyPids.map((pid) => `standby ${pid} ended`);
  if (serverPid !== undefined) ended.push(`server ${serverPid} ended`);
  return ended.length === 0 ? 'no server ran' : ended.join(', ');
}

export const downCommand: Command = {
  name: 'down',
  usage: '[--destroy [--delete-data]] [--yes]',
  argumentsMax: 0,
  summary: 'stop the server; with --destroy guests, helpers and the network, too',
  help: `
Without --destroy only the servers of the folder end, the active one and standbys: guests go on and are found
again by the next one.

  bakehouse down                            # before an upgrade
  bakehouse down --destroy                  # nothing of the platform runs any more; data is kept
  bakehouse down --destroy --delete-data    # uninstall

--destroy ends guests as a power cut does: stop them first (bakehouse stop …) to let them shut down. It asks
before it does anything.`,
  options: {
    destroy: { type: 'boolean' },
    'delete-data': { type: 'boolean' },
    yes: { type: 'boolean' },
    data: { type: 'string' },
  },
  optionHelp: {
    destroy: 'end guests and helper processes, remove the network',
    'delete-data': 'and delete the data folder: images, snapshots, volumes, keys',
    yes: 'do not ask',
    data: 'DIR: the data folder (BAKEHOUSE_DATA)',
  },
  async run(invocation) {
    const { options, terminal } = invocation;
    const deleteData = options['delete-data'] === true;
    if (deleteData && !options.destroy) {
      throw new CommandUsageError('--delete-data goes together with --destroy');
    }
    const { destroyPlatform, enterUserNamespace, needsUserNamespace, stopServers } = await import(
      '@bakehouse/server'
    );
    const config = await readFolderConfig(invocation);
    if (options.destroy) await confirm(questionOf(config, deleteData), invocation);
    if (options.destroy && needsUserNamespace(config))
      await enterUserNamespace(config, { endsLost: true, more: ['--yes'] });
    const stopped = await stopServers(config);
    const note = endedNote(stopped);
    if (!options.destroy) {
      if (options.json) printJson({ terminal }, stopped);
      else terminal.print(`${note}; guests, if any, go on`);
      return 0;
    }
    const { ended, deleted } = await destroyPlatform(config, { deleteData });
    if (options.json) printJson({ terminal }, { ...stopped, ended, deleted });
    else {
      terminal.print(note);
      for (const { pid: each, role, subject = '' } of ended) {
        terminal.print(`ended ${role} ${subject} (process ${each})`.replace('  ', ' '));
      }
      terminal.print(deleted ? `deleted ${deleted}` : `data kept in ${config.dataDirectory}`);
    }
    return 0;
  },
};
