import type { EC2Client } from '@aws-sdk/client-ec2';
import { ec2Client, loadSdk } from '../client/ec2.ts';
import { findInstances } from '../client/find-instance.ts';
import type { Command } from '../command.ts';
import { waitForState } from '../launch/wait-for-state.ts';
import { runStage } from '../terminal/stage.ts';
import {
  connectionFor,
  printJson,
  regionHelp,
  regionOption,
  waitHelp,
  waitOptions,
} from './options.ts';

type Verb = 'start' | 'stop' | 'reboot' | 'terminate';

const states = { start: 'running', stop: 'stopped', terminate: 'terminated' } as const;

const texts: Readonly<Record<Verb, { readonly summary: string; readonly help: string }>> = {
  start: {
    summary: 'start stopped instances',
    help: 'Waits until they run; ssh works some time later. They keep their private address.',
  },
  stop: {
    summary: 'stop instances; their volumes stay',
    help: 'Presses the power button; a guest that does not shut down in time is stopped by force.',
  },
  reboot: {
    summary: 'reboot instances',
    help: 'Returns at once: the guest shuts down and boots again.',
  },
  terminate: {
    summary: 'end instances for good; volumes go as DeleteOnTermination says',
    help: 'Root volumes of images are deleted unless the launch said otherwise. There is no way back.',
  },
};

async function ask(
  client: EC2Client,
  verb: Verb,
  { ids, force, signal }: { ids: string[]; force: boolean; signal: AbortSignal },
): Promise<void> {
  const sdk = await loadSdk();
  const request = { InstanceIds: ids };
  const options = { abortSignal: signal };
  const asks: Record<Verb, () => Promise<unknown>> = {
    start: () => client.send(new sdk.StartInstancesCommand(request), options),
    stop: () => client.send(new sdk.StopInstancesCommand({ ...request, Force: force }), options),
    reboot: () => client.send(new sdk.RebootInstancesCommand(request), options),
    terminate: () => client.send(new sdk.TerminateInstancesCommand(request), options),
  };
  await asks[verb]();
}

function powerCommand(verb: Verb): Command {
  const state = verb === 'reboot' ? undefined : states[verb];
  const force = verb === 'stop' ? { force: { type: 'boolean' } as const } : {};
  const forceHelp = verb === 'stop' ? { force: 'do not ask the guest: as pulling the plug' } : {};
  return {
    name: verb,
    usage: 'INSTANCE …',
    argumentsMax: Infinity,
    summary: texts[verb].summary,
    help: `
INSTANCE is an id, the beginning of one, a Name tag or an address; several are possible.
${texts[verb].help}

  bakehouse ${verb} web`,
    options: { ...force, ...(state ? waitOptions : {}), ...regionOption },
    optionHelp: { ...forceHelp, ...(state ? waitHelp : {}), ...regionHelp },
    completes: 'instances',
    async run({ args, options, terminal, signal, env }) {
      const connection = await connectionFor({ options, env });
      const client = await ec2Client(connection);
      const ids = (await findInstances(client, args, signal)).map((row) => row.instanceId);
      await ask(client, verb, { ids, force: options.force === true, signal });
      if (state && !options['no-wait']) {
        await runStage(terminal, verb, async (update) => {
          const onRows = (rows: readonly { state: string }[]) =>
            update({ note: rows.map((row) => row.state).join(', ') });
          await waitForState({ client, connection }, { ids, state, onRows }, signal);
          return { value: undefined, detail: `${ids.join(', ')} ${state}` };
        });
      }
      const answer = ids.map((instanceId) => ({ instanceId, ...(state ? { state } : {}) }));
      if (options.json) printJson({ terminal }, options['no-wait'] ? ids : answer);
      return 0;
    },
  };
}

export const startCommand = powerCommand('start');
export const stopCommand = powerCommand('stop');
export const rebootCommand = powerCommand('reboot');
export const terminateCommand = powerCommand('terminate');
