import type { AdminResult } from '@bakehouse/admin-api';
import { isResourceId } from '@bakehouse/base';
import { adminOf } from '../client/admin.ts';
import { ec2Client } from '../client/ec2.ts';
import { findInstance } from '../client/find-instance.ts';
import { type Command, CommandFailedError } from '../command.ts';
import { isoTime } from '../terminal/time.ts';
import { connectionFor, numberOption, printJson, regionHelp, regionOption } from './options.ts';

type Fork = AdminResult<'InstanceFork'>;

function forkLines({ instanceId, forks, failed, pauseMs }: Fork): readonly string[] {
  return [
    ...forks,
    ...failed.map((fork) => `${fork.instanceId} failed: ${fork.reason}`),
    `${instanceId} was paused for ${pauseMs.toFixed(1)} ms and is running`,
    `the forks are starting; to see one start: bakehouse boot ${forks[0] ?? 'INSTANCE'}`,
  ];
}

export const forkCommand: Command = {
  name: 'fork',
  usage: 'INSTANCE [--count N]',
  argumentsMax: 1,
  summary: 'make instances that continue from where a running one is',
  help: `
A fork has the memory and the disks that INSTANCE has at one moment: its programs continue with what they hold.
INSTANCE is paused for some 0.04 s, and continues, too.

Each fork is an instance of its own. Its random numbers, clock, boot id, machine id and instance id are renewed, and
its connections to others end, before it gets its network card. Then cloud-init runs as in a new instance, with the
same user data, and gives it a host name and the host keys that sshd starts with; its other programs run meanwhile.
What they hold in memory, such as keys that they have drawn, it shares with INSTANCE: fork no instance whose programs
keep secrets that must differ.
A fork that is ended before it has started is named, and the command fails.

INSTANCE must run Bakehouse Linux as baked by this release and have booted. It has one network card, no
instance-store disks, and no image of another account. EC2 has no such call.
INSTANCE is an id, the beginning of one, a Name tag or an address.

  bakehouse fork web
  bakehouse fork web --count 3 --json`,
  options: { ...regionOption, count: { type: 'string' } },
  optionHelp: { ...regionHelp, count: 'how many forks of the same moment, 1 to 8 (1)' },
  completes: 'instances',
  async run(invocation) {
    const { args, options, terminal, signal } = invocation;
    const count = numberOption(options, 'count', { fallback: 1, min: 1 });
    const connection = await connectionFor(invocation);
    const { instanceId } = await findInstance(await ec2Client(connection), args[0], signal);
    if (!isResourceId('i', instanceId)) throw new CommandFailedError(`no instance ${instanceId}`);
    const admin = await adminOf(connection);
    const fork = await admin.call('InstanceFork', { instanceId, count }, { signal });
    if (options.json) printJson({ terminal }, { ...fork, at: isoTime(fork.at) });
    else for (const line of forkLines(fork)) terminal.print(line);
    return fork.failed.length > 0 ? 1 : 0;
  },
};
