import { readFile } from 'node:fs/promises';
import type { EC2Client } from '@aws-sdk/client-ec2';
import type { Connection } from '../client/connection.ts';
import { ec2Client } from '../client/ec2.ts';
import { fetchHealth } from '../client/health.ts';
import type { InstanceRow } from '../client/instances.ts';
import { type Command, CommandFailedError, type Invocation } from '../command.ts';
import { ensureKeyPair, type LocalKeyPair } from '../launch/ensure-key-pair.ts';
import { ensureSshGroup, sshGroupName } from '../launch/ensure-ssh-group.ts';
import { findImage } from '../launch/find-image.ts';
import { defaultKeyName } from '../launch/key-files.ts';
import { launchInstances } from '../launch/launch-instances.ts';
import { sshTargetOf } from '../launch/ssh-target.ts';
import { waitUntilUsable } from '../launch/wait-until-usable.ts';
import { sshCommand } from '../ssh/ssh-command.ts';
import { shellCommand } from '../terminal/shell-quote.ts';
import { runStage } from '../terminal/stage.ts';
import {
  connectionFor,
  numberOption,
  printJson,
  regionHelp,
  regionOption,
  sshTimeoutMs,
  textOption,
  timeoutHelp,
  timeoutOption,
  waitHelp,
  waitOptions,
} from './options.ts';

/** EC2 refuses more, too; this refusal names the file. */
const userDataBytesMax = 16 * 1024;

async function readUserData(path: string | undefined): Promise<Uint8Array | undefined> {
  if (path === undefined) return undefined;
  const bytes = await readFile(path).catch((cause: Error) => {
    throw new CommandFailedError(`--user-data ${path}: ${cause.message}`, { cause });
  });
  if (bytes.length <= userDataBytesMax) return bytes;
  throw new CommandFailedError(
    `--user-data ${path} has ${bytes.length} bytes; at most ${userDataBytesMax} are allowed`,
  );
}

interface Launch {
  readonly client: EC2Client;
  readonly connection: Connection;
  readonly keyPair: LocalKeyPair;
  readonly rows: readonly InstanceRow[];
}

async function launch({ args, options, terminal, signal, env }: Invocation): Promise<Launch> {
  const connection = await connectionFor({ options, env });
  const client = await ec2Client(connection);
  const count = numberOption(options, 'count', { fallback: 1, min: 1 });
  const userData = await readUserData(textOption(options, 'user-data'));
  const image = await findImage({ client, connection }, args[0], signal);
  const { dataDirectory } = connection;
  const keyName = textOption(options, 'key') ?? defaultKeyName;
  const keyPair = await ensureKeyPair(client, { dataDirectory, keyName }, signal);
  const request = {
    imageId: image.imageId,
    type: textOption(options, 'type') ?? 't3.micro',
    count,
    keyName,
    groupId: await ensureSshGroup(client, signal),
    name: textOption(options, 'name') ?? '',
    ...(userData ? { userData } : {}),
  };
  const rows = await launchInstances(client, request, signal);
  if (!options.json) {
    for (const { instanceId } of rows) terminal.note(`${instanceId} from ${image.name}`);
  }
  return { client, connection, keyPair, rows };
}

/** One after the other: together they would only boot more slowly. */
async function waitForAll(launched: Launch, { terminal, signal }: Invocation, timeoutMs: number) {
  const { connection, keyPair, rows } = launched;
  const { compute } = await fetchHealth(connection.endpoint, signal);
  const target = (row: InstanceRow) => sshTargetOf(connection, row, keyPair);
  const usable: InstanceRow[] = [];
  for (const { instanceId } of rows) {
    const row = await runStage(terminal, instanceId, async (update) => {
      const wait = { reached: launched, instanceId, timeoutMs, onProgress: update };
      const value = await waitUntilUsable(
        compute === 'simulated' ? wait : { ...wait, target },
        signal,
      );
      return { value, detail: value.publicIp || value.state };
    });
    usable.push(row);
  }
  return { usable, commands: compute === 'simulated' ? [] : usable.map(target) };
}

export const runInstancesCommand: Command = {
  name: 'run',
  usage: '[IMAGE] [--type TYPE] [--name TEXT] [--key NAME] [--user-data FILE] …',
  argumentsMax: 1,
  summary: 'launch instances and wait until ssh works',
  help: `
IMAGE is an id, the beginning of one, or a name; without it the newest image of the platform.
The key pair is made at its first use and its private half kept in the data folder; the security group
${sshGroupName} allows ssh. The ssh command to copy is printed; \`bakehouse ssh\` knows it, too.

  bakehouse run --name web
  bakehouse run my-image --type t3.small --count 2 --user-data setup.sh
  bakehouse ssh web`,
  options: {
    type: { type: 'string' },
    count: { type: 'string' },
    key: { type: 'string' },
    name: { type: 'string' },
    'user-data': { type: 'string' },
    ...timeoutOption,
    ...waitOptions,
    ...regionOption,
  },
  optionHelp: {
    type: 'instance type (t3.micro)',
    count: 'how many (1)',
    key: `key pair (${defaultKeyName}); made where it does not exist`,
    name: 'the Name tag, by which other commands know it',
    'user-data': 'FILE for cloud-init: a script or #cloud-config, 16 KiB at most',
    ...timeoutHelp,
    ...waitHelp,
    ...regionHelp,
  },
  completes: 'images',
  async run(invocation) {
    const { options, terminal } = invocation;
    const timeoutMs = sshTimeoutMs(options);
    const launched = await launch(invocation);
    if (options['no-wait']) {
      if (options.json) printJson({ terminal }, launched.rows);
      else for (const { instanceId } of launched.rows) terminal.print(instanceId);
      return 0;
    }
    const { usable, commands } = await waitForAll(launched, invocation, timeoutMs);
    const lines = commands.map((target) => shellCommand(sshCommand(target)));
    if (options.json) {
      const withSsh = usable.map((row, index) => ({
        ...row,
        ...(lines[index] ? { ssh: lines[index] } : {}),
      }));
      printJson({ terminal }, withSsh);
    } else if (lines.length > 0) for (const line of lines) terminal.print(line);
    else for (const { instanceId } of usable) terminal.print(`${instanceId} (simulated: no login)`);
    return 0;
  },
};
