import type { Command } from '../command.ts';
import { accountCreate, accountList } from './account.ts';
import { aws } from './aws.ts';
import { bake } from './bake.ts';
import { completeCommand, completion } from './completion.ts';
import { consoleCommand } from './console.ts';
import { doctor } from './doctor.ts';
import { down } from './down.ts';
import { env } from './env.ts';
import { hydrate } from './hydrate.ts';
import { images } from './images.ts';
import { reboot, start, stop, terminate } from './instance-power.ts';
import { instances } from './instances.ts';
import { prune, verify } from './maintain.ts';
import { run } from './run.ts';
import { serve } from './serve.ts';
import { snapshots } from './snapshots.ts';
import { ssh } from './ssh.ts';
import { status } from './status.ts';
import { up } from './up.ts';
import { usage } from './usage.ts';
import { volumes } from './volumes.ts';

/** Commands under the headings of the general help, in their order. */
export const commandGroups: readonly {
  readonly title: string;
  readonly commands: readonly Command[];
}[] = [
  { title: 'the platform', commands: [up, down, serve, status, doctor] },
  { title: 'images', commands: [bake, images, snapshots] },
  {
    title: 'instances',
    commands: [
      ...[run, instances, ssh, consoleCommand, start, stop, reboot, terminate],
      ...[volumes, hydrate],
    ],
  },
  { title: 'other tools', commands: [env, aws, completion] },
  { title: 'storage and accounts', commands: [usage, prune, verify, accountCreate, accountList] },
];

/** Every command, also those that help does not list. */
export const commands: readonly Command[] = [
  ...commandGroups.flatMap((group) => group.commands),
  completeCommand(() => commands),
];
