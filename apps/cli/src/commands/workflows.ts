import type { AdminResult } from '@bakehouse/admin-api';
import { isResourceId, type ResourceId } from '@bakehouse/base';
import { adminOf } from '../client/admin.ts';
import { findConnection } from '../client/connection.ts';
import { type Command, CommandUsageError, usualExitCodes } from '../command.ts';
import { table } from '../terminal/table.ts';
import { isoTime } from '../terminal/time.ts';
import { printJson } from './options.ts';

/** The id of work that a call is about. */
function workflowIdOf([workflowId]: readonly string[]): ResourceId<'wf'> {
  if (!workflowId) throw new CommandUsageError('name the work, as `bakehouse workflows` lists it');
  if (isResourceId('wf', workflowId)) return workflowId;
  throw new CommandUsageError(`'${workflowId}' is no work; 'bakehouse workflows' lists it`);
}

type Work = AdminResult<'WorkflowList'>['workflows'][number];

/** Work for `--json`, with its time as a text. */
const workJson = (work: Work): object => ({ ...work, createdAt: isoTime(work.createdAt) });

export const workflowsCommand: Command = {
  name: 'workflows',
  usage: '',
  argumentsMax: 0,
  summary: 'list the work that has not ended, and why it waits',
  help: `
Work is what the platform does after a request has returned: starting machines, taking snapshots. \`parked\` work was
left by another version of the program, and this one cannot continue it. Other work on the same instance or
volume waits behind it.

  bakehouse workflows
  bakehouse workflows retry wf-…     # now, not after its pause
  bakehouse workflows drop wf-…      # parked work only`,
  async run({ terminal, options, signal, env }) {
    const admin = await adminOf(await findConnection(env));
    const { workflows } = await admin.call('WorkflowList', {}, { signal });
    if (options.json) printJson({ terminal }, { workflows: workflows.map(workJson) });
    else {
      const rows = workflows.map((work) => [
        work.workflowId,
        work.kind,
        work.unwinding ? `undoing ${work.step}` : work.step,
        work.status,
        work.lanes.join(' '),
        work.problem?.message ?? '',
      ]);
      const headings = ['WORK', 'KIND', 'STEP', 'STATUS', 'ON', 'PROBLEM'];
      for (const line of table(headings, rows)) terminal.print(line);
    }
    return 0;
  },
};

export const workflowsRetryCommand: Command = {
  name: 'workflows retry',
  usage: 'WORK',
  argumentsMax: 1,
  summary: 'try failed work again now',
  help: 'Does not wait for the end of its pause.',
  exitCodes: { ...usualExitCodes, 1: 'failed, or the work stays parked' },
  async run({ args, terminal, options, signal, env }) {
    const workflowId = workflowIdOf(args);
    const admin = await adminOf(await findConnection(env));
    const result = await admin.call('WorkflowRetry', { workflowId }, { signal });
    if (options.json) printJson({ terminal }, result);
    else
      terminal.print(result.problem ? `still parked: ${result.problem.message}` : 'trying again');
    return result.problem ? 1 : 0;
  },
};

export const workflowsDropCommand: Command = {
  name: 'workflows drop',
  usage: 'WORK',
  argumentsMax: 1,
  summary: 'delete parked work',
  help: `
What the work left half done stays as it is, and what waits behind it goes on. The next start of the server
removes disks and interfaces that no record names.`,
  async run({ args, terminal, options, signal, env }) {
    const workflowId = workflowIdOf(args);
    const admin = await adminOf(await findConnection(env));
    const result = await admin.call('WorkflowDrop', { workflowId }, { signal });
    if (options.json) printJson({ terminal }, result);
    else terminal.print(`dropped ${result.workflowId}`);
    return 0;
  },
};
