import { findConnection } from '../client/connection.ts';
import { ec2Client } from '../client/ec2.ts';
import { listImages } from '../client/images.ts';
import { listInstances } from '../client/instances.ts';
import { type Command, CommandUsageError } from '../command.ts';
import { complete, type Kind } from '../completion/complete.ts';
import { completionScripts } from '../completion/scripts.ts';

const shells = Object.keys(completionScripts).join('|');

export const completionCommand: Command = {
  name: 'completion',
  usage: shells,
  argumentsMax: 1,
  summary: 'print a shell completion script',
  help: `
Completes commands, options, and ids and names of images and instances.

  eval "$(bakehouse completion bash)"                                  # in ~/.bashrc
  bakehouse completion zsh > ~/.zfunc/_bakehouse                       # a folder of your $fpath
  bakehouse completion fish > ~/.config/fish/completions/bakehouse.fish`,
  choices: Object.keys(completionScripts),
  async run({ args: [shell = ''], options, terminal }) {
    const script = Object.hasOwn(completionScripts, shell) ? completionScripts[shell] : undefined;
    if (!script) throw new CommandUsageError(`name the shell: ${shells}`);
    terminal.print(options.json ? JSON.stringify({ shell, script }) : script.trimEnd());
    return 0;
  },
};

/** A completion that takes longer is in the way. */
const limitMs = 3_000;

async function namesOf(kind: Kind, env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const signal = AbortSignal.timeout(limitMs);
  const client = await ec2Client(await findConnection(env));
  if (kind === 'images') {
    const rows = await listImages(client, signal);
    return rows.flatMap((row) => [row.imageId, row.name]);
  }
  const rows = await listInstances(client, signal);
  const live = rows.filter((row) => row.state !== 'terminated');
  return live.flatMap((row) => [row.instanceId, ...(row.name ? [row.name] : [])]);
}

/** What the scripts call: words to choose from, one a line; never an error. */
export const completeCommand = (commands: () => readonly Command[]): Command => ({
  name: '__complete',
  usage: 'WORD …',
  argumentsMax: Infinity,
  summary: 'candidates for the last word, for completion scripts',
  help: 'Called by the scripts of `bakehouse completion`.',
  raw: true,
  async run({ args, terminal, env }) {
    const lookup = (kind: Kind) => {
      const late = new Promise<readonly string[]>((resolve) => {
        setTimeout(resolve, limitMs, []).unref();
      });
      return Promise.race([namesOf(kind, env), late]).catch(() => []);
    };
    for (const candidate of await complete(commands(), args, lookup)) terminal.print(candidate);
    return 0;
  },
});
