import { isResourceId, type ResourceId } from '@bakehouse/base';
import { adminOf, usageErrorOf } from '../client/admin.ts';
import { type Connection, findConnection } from '../client/connection.ts';
import { type Command, CommandUsageError, type Invocation, usualExitCodes } from '../command.ts';
import { type BakedImage, bakeStepReader, waitForBake } from '../launch/bake-image.ts';
import { bakehouseWord } from '../terminal/bakehouse-word.ts';
import { progressPrinter } from '../terminal/progress.ts';
import { table } from '../terminal/table.ts';
import { isoTime, timeText } from '../terminal/time.ts';
import { printJson, waitHelp, waitOptions } from './options.ts';

type BakeId = ResourceId<'bake'>;

function bakeIdOf([bakeId]: readonly string[]): BakeId {
  if (!bakeId) throw new CommandUsageError('name a bake, as `bakehouse bakes` lists it');
  if (isResourceId('bake', bakeId)) return bakeId;
  throw new CommandUsageError(`'${bakeId}' is no bake; 'bakehouse bakes' lists them`);
}

/** A bake for `--json`, with its times as texts like those of images and instances. */
const bakeJson = (bake: BakedImage): object => ({
  ...bake,
  startedAt: isoTime(bake.startedAt),
  ...(bake.endedAt === undefined ? {} : { endedAt: isoTime(bake.endedAt) }),
});

function printPublished({ terminal, options }: Invocation, bake: BakedImage): void {
  if (options.json) {
    printJson({ terminal }, bakeJson(bake));
    return;
  }
  terminal.print(`published ${bake.name}`);
  for (const { region, imageId } of bake.images) terminal.print(`  ${region}  ${imageId}`);
}

/** Shows how far the bake is until its end. */
async function followToEnd(
  invocation: Invocation,
  connection: Connection,
  bakeId: BakeId,
): Promise<number> {
  const { terminal, signal, env } = invocation;
  const progress = progressPrinter(terminal);
  const readStep = bakeStepReader();
  const word = bakehouseWord(env);
  const onInterrupt = () =>
    terminal.note(
      `${bakeId} goes on: ${word} bakes follow ${bakeId}, ${word} bakes cancel ${bakeId}`,
    );
  signal.addEventListener('abort', onInterrupt);
  try {
    const bake = await waitForBake(
      connection,
      { bakeId },
      {
        signal,
        onProgress: (event) => {
          const { step, ...rest } = readStep(event);
          progress.update({ label: step, ...rest });
        },
      },
    );
    progress.end();
    printPublished(invocation, bake);
    return 0;
  } finally {
    signal.removeEventListener('abort', onInterrupt);
    progress.end();
  }
}

export const bakeCommand: Command = {
  name: 'bake',
  usage: '[RECIPE] [--no-wait]',
  argumentsMax: 1,
  summary: 'build Bakehouse Linux and publish it as an AMI',
  help: `
RECIPE is bakehouse-linux, which is also what is baked without it: there is no other yet.

Builds a bootable disk from Debian's packages, stores its blocks, and registers it as a public image
of the platform's own account (owner alias amazon) in every region. Takes some minutes the first time.

The server does the work; it needs mmdebstrap, and root or user namespaces. It goes on without this command, and
after a restart of the server: Ctrl-C ends only the waiting. While a bake of the recipe is in progress, the command
follows that one instead of starting another. Bakes of different recipes run one after the other.

  bakehouse bake
  bakehouse bake --no-wait           # prints the bake's id
  bakehouse bakes                    # what was baked in the last days, and what is in progress
  bakehouse aws ec2 describe-images --owners amazon`,
  options: waitOptions,
  optionHelp: waitHelp,
  async run(invocation) {
    const { args, terminal, options, signal, env } = invocation;
    const [recipe] = args;
    const connection = await findConnection(env);
    const admin = await adminOf(connection);
    const input = recipe === undefined ? {} : { recipe };
    const started = await admin.call('BakeStart', input, { signal }).catch((error: unknown) => {
      throw usageErrorOf(error);
    });
    const { bakeId, isNew } = started;
    if (!isNew) terminal.note(`${bakeId} of this recipe is already in progress`);
    if (!options['no-wait']) return await followToEnd(invocation, connection, bakeId);
    if (options.json) printJson({ terminal }, bakeJson(started));
    else terminal.print(bakeId);
    return 0;
  },
};

export const bakesCommand: Command = {
  name: 'bakes',
  usage: '',
  argumentsMax: 0,
  summary: 'list bakes: in progress, and those of the last days',
  help: 'The newest first. A failed bake says why.',
  async run({ terminal, options, signal, env }) {
    const admin = await adminOf(await findConnection(env));
    const { bakes } = await admin.call('BakeList', {}, { signal });
    if (options.json) printJson({ terminal }, { bakes: bakes.map(bakeJson) });
    else {
      const rows = bakes.map((bake) => [
        bake.bakeId,
        bake.recipe,
        bake.isCancelling ? 'cancelling' : bake.state,
        timeText(isoTime(bake.startedAt)),
        bake.name ?? bake.failure?.message ?? '',
      ]);
      const headings = ['BAKE', 'RECIPE', 'STATE', 'STARTED', 'RESULT'];
      for (const line of table(headings, rows)) terminal.print(line);
    }
    return 0;
  },
};

export const bakesFollowCommand: Command = {
  name: 'bakes follow',
  usage: 'BAKE',
  argumentsMax: 1,
  summary: 'show how far a bake is, until its end',
  help: 'Ctrl-C ends only the waiting, not the bake.',
  exitCodes: { ...usualExitCodes, 1: 'the bake failed or was cancelled, or the waiting was ended' },
  async run(invocation) {
    const bakeId = bakeIdOf(invocation.args);
    return await followToEnd(invocation, await findConnection(invocation.env), bakeId);
  },
};

export const bakesCancelCommand: Command = {
  name: 'bakes cancel',
  usage: 'BAKE',
  argumentsMax: 1,
  summary: 'end a bake that is in progress',
  help: 'Publishes nothing, and removes what was built. Packages that were downloaded stay for the next bake.',
  async run({ args, terminal, options, signal, env }) {
    const bakeId = bakeIdOf(args);
    const admin = await adminOf(await findConnection(env));
    const bake = await admin.call('BakeCancel', { bakeId }, { signal });
    if (options.json) printJson({ terminal }, bakeJson(bake));
    else terminal.print(`cancelling ${bakeId}`);
    return 0;
  },
};
