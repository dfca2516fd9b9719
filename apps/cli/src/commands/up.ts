import { resolve } from 'node:path';
import type { EC2Client } from '@aws-sdk/client-ec2';
import {
  type Connection,
  dataDirectoryOf,
  environmentFor,
  findConnection,
} from '../client/connection.ts';
import { ec2Client } from '../client/ec2.ts';
import { listInstances } from '../client/instances.ts';
import { type Command, CommandFailedError, type Invocation } from '../command.ts';
import { bakeImage } from '../launch/bake-image.ts';
import { ensureKeyPair, type LocalKeyPair } from '../launch/ensure-key-pair.ts';
import { ensureSshGroup } from '../launch/ensure-ssh-group.ts';
import { findNewestPlatformImage } from '../launch/find-image.ts';
import { defaultKeyName } from '../launch/key-files.ts';
import { launchInstances } from '../launch/launch-instances.ts';
import { nextSteps, type Outcome } from '../launch/next-steps.ts';
import { sshTargetOf } from '../launch/ssh-target.ts';
import { startAgain } from '../launch/start-again.ts';
import { waitUntilUsable } from '../launch/wait-until-usable.ts';
import { ensureServer, type FoundServer } from '../server/ensure-server.ts';
import { sshCommand } from '../ssh/ssh-command.ts';
import { bakehouseWord } from '../terminal/bakehouse-word.ts';
import { shellCommand } from '../terminal/shell-quote.ts';
import { runStage } from '../terminal/stage.ts';
import { printJson, sshTimeoutMs, textOption, timeoutHelp, timeoutOption } from './options.ts';
import { serveArguments, serveOptionHelp, serveOptions } from './serve.ts';

const firstName = 'first-instance';

interface Platform {
  readonly server: FoundServer;
  readonly connection: Connection;
  readonly client: EC2Client;
}

async function serverStage(invocation: Invocation): Promise<Platform> {
  const { options, terminal, signal, env } = invocation;
  const dataDirectory = resolve(textOption(options, 'data') ?? dataDirectoryOf(env));
  const server = await runStage(terminal, 'server', async (update) => {
    const onProgress = (step: string) => update({ step });
    const args = serveArguments(options);
    const onProblem = (problem: string) => terminal.note(`  the server says: ${problem}`);
    const value = await ensureServer({ dataDirectory, args, onProgress, onProblem }, signal);
    return {
      value,
      detail: `${value.url}, process ${value.pid}${value.isNew ? '' : ', ran already'}`,
    };
  });
  const ownerAlias = textOption(options, 'owner-alias');
  const connection = await findConnection({
    ...environmentFor(dataDirectory, env),
    ...(ownerAlias ? { BAKEHOUSE_OWNER_ALIAS: ownerAlias } : {}),
  });
  return { server, connection, client: await ec2Client(connection) };
}

async function imageStage({ client, connection }: Platform, { terminal, signal }: Invocation) {
  return await runStage(terminal, 'image', async (update) => {
    const found = await findNewestPlatformImage({ client, connection }, signal);
    if (found) return { value: found, detail: `${found.name}, ${found.imageId}, was there` };
    await bakeImage(connection, update, signal);
    const baked = await findNewestPlatformImage({ client, connection }, signal);
    if (!baked) throw new Error(`the bake published nothing in ${connection.region}`);
    return { value: baked, detail: `${baked.name}, ${baked.imageId}` };
  });
}

/** The instance that an earlier `up` launched, if it still can be used. */
async function findFirst(client: EC2Client, signal: AbortSignal) {
  const states = ['pending', 'running', 'stopping', 'stopped'];
  const filters = [
    { Name: 'tag:Name', Values: [firstName] },
    { Name: 'instance-state-name', Values: states },
  ];
  return (await listInstances(client, signal, { filters }))[0];
}

async function accessStage(
  { client, connection }: Platform,
  { terminal, signal, env }: Invocation,
) {
  return await runStage(terminal, 'access', async () => {
    const { dataDirectory } = connection;
    const key = { dataDirectory, keyName: defaultKeyName };
    const keyPair = await ensureKeyPair(client, key, signal);
    if (!keyPair.privateKeyPath) {
      throw new CommandFailedError(
        `the private half of key pair '${defaultKeyName}' is not in ${dataDirectory}/keys; delete the key pair (${bakehouseWord(env)} aws ec2 delete-key-pair --key-name ${defaultKeyName}), and the next start makes another`,
      );
    }
    const groupId = await ensureSshGroup(client, signal);
    return { value: { keyPair, groupId }, detail: `key pair ${keyPair.keyName}, group ${groupId}` };
  });
}

interface Access {
  readonly keyPair: LocalKeyPair;
  readonly groupId: string;
}

async function instanceStage(
  platform: Platform,
  { imageId, access, timeoutMs }: { imageId: string; access: Access; timeoutMs: number },
  { options, terminal, signal }: Invocation,
) {
  const { client, connection } = platform;
  return await runStage(terminal, 'instance', async (update) => {
    const before = await findFirst(client, signal);
    const type = textOption(options, 'type') ?? 't3.micro';
    const request = { imageId, type, count: 1, keyName: access.keyPair.keyName, name: firstName };
    const [launched] = before
      ? [before]
      : await launchInstances(client, { ...request, groupId: access.groupId }, signal);
    if (!launched) throw new Error('the launch returned no instance');
    if (before) await startAgain(platform, before, signal);
    const { instanceId } = launched;
    const wait = { reached: platform, instanceId, timeoutMs, onProgress: update };
    const target = (row: typeof launched) => sshTargetOf(connection, row, access.keyPair);
    const row = await waitUntilUsable({ ...wait, target }, signal);
    const value = { row, ssh: shellCommand(sshCommand(target(row))) };
    return { value, detail: `${instanceId} on ${row.publicIp}, ssh works` };
  });
}

/** A simulated platform has the images of its seed: there is nothing to bake or to log in to. */
async function bringUp(invocation: Invocation): Promise<Outcome> {
  const timeoutMs = sshTimeoutMs(invocation.options);
  const platform = await serverStage(invocation);
  const { server, connection } = platform;
  if (server.compute === 'simulated') return { server, connection };
  const { imageId } = await imageStage(platform, invocation);
  if (invocation.options['no-instance']) return { server, connection, imageId };
  const access = await accessStage(platform, invocation);
  const launched = await instanceStage(platform, { imageId, access, timeoutMs }, invocation);
  return { server, connection, imageId, ...launched };
}

export const upCommand: Command = {
  name: 'up',
  usage: '[--type TYPE] [--no-instance] …',
  argumentsMax: 0,
  summary: 'from nothing to an ssh login: server, image, instance (npm start)',
  help: `
Starts the server in the background unless one runs on the data folder, bakes Bakehouse Linux unless
there is an image, launches an instance named ${firstName} unless there is one, and waits until ssh works.
What exists is used: calling it again is cheap, and adds what is missing.

Ctrl-C before the server is ready ends it. So do three minutes in which it does not serve its folder, as while it
waits for its database.

Any setting of \`bakehouse serve\` can be given for a server that is started. \`bakehouse down\` ends it.

  npm start
  npm start -- --data /srv/bakehouse --listen 127.0.0.1:4600`,
  options: {
    type: { type: 'string' },
    'no-instance': { type: 'boolean' },
    ...timeoutOption,
    ...serveOptions,
  },
  optionHelp: {
    type: 'instance type (t3.micro)',
    'no-instance': 'server and image only',
    ...timeoutHelp,
    ...serveOptionHelp,
  },
  async run(invocation) {
    const { options, terminal } = invocation;
    const outcome = await bringUp(invocation);
    const { server, imageId, row, ssh } = outcome;
    if (options.json) printJson({ terminal }, { endpoint: server.url, imageId, ...row, ssh });
    else for (const line of nextSteps(outcome, invocation.env)) terminal.print(line);
    return 0;
  },
};
