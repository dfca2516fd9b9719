import type { Command } from '../command.ts';
import { accountCreateCommand, accountListCommand } from './account.ts';
import { awsCommand } from './aws.ts';
import { bakeCommand, bakesCancelCommand, bakesCommand, bakesFollowCommand } from './bake.ts';
import { bootCommand } from './boot.ts';
import { completeCommand, completionCommand } from './completion.ts';
import { consoleCommand } from './console.ts';

import { doctorCommand } from './doctor.ts';
import { downCommand } from './down.ts';
import { envCommand } from './env.ts';
import { eventsCommand } from './events.ts';
import { forkCommand } from './fork.ts';
import { hydrateCommand } from './hydrate.ts';
import { imagesCommand } from './images.ts';
import { rebootCommand, startCommand, stopCommand, terminateCommand } from './instance-power.ts';
import { instancesCommand } from './instances.ts';
import { pruneCommand, verifyCommand } from './maintain.ts';
import { runInstancesCommand } from './run.ts';
import { serveCommand } from './serve.ts';
import { snapshotsCommand } from './snapshots.ts';
import { sshSessionCommand } from './ssh.ts';
import { statusCommand } from './status.ts';
import { upCommand } from './up.ts';
import { usageCommand } from './usage.ts';
import { volumesCommand } from './volumes.ts';

import { workflowsCommand, workflowsDropCommand, workflowsRetryCommand } from './workflows.ts';

/** Commands under the headings of the general help, in their order. */
export const commandGroups: readonly {
  readonly title: string;
  readonly commands: readonly Command[];
}[] = [
  {
    title: 'the platform',
    commands: [
      upCommand,
      downCommand,
      serveCommand,
      statusCommand,
      doctorCommand,
      eventsCommand,
      workflowsCommand,
      workflowsRetryCommand,
      workflowsDropCommand,
    ],
  },
  {
    title: 'images',
    commands: [
      bakeCommand,
      bakesCommand,
      bakesFollowCommand,
      bakesCancelCommand,
      imagesCommand,
      snapshotsCommand,
    ],
  },
  {
    title: 'instances',
    commands: [
      runInstancesCommand,
      instancesCommand,
      sshSessionCommand,
      consoleCommand,
      bootCommand,
      forkCommand,
      startCommand,
      stopCommand,
      rebootCommand,
      terminateCommand,
      volumesCommand,
      hydrateCommand,
    ],
  },
  { title: 'other tools', commands: [envCommand, awsCommand, completionCommand] },
  {
    title: 'storage and accounts',
    commands: [usageCommand, pruneCommand, verifyCommand, accountCreateCommand, accountListCommand],
  },
];

/** Every command, also those that help does not list. */
export const commands: readonly Command[] = [
  ...commandGroups.flatMap((group) => group.commands),
  completeCommand(() => commands),
];
