import { join } from 'node:path';
import { type Connection, dataDirectoryOf } from '../client/connection.ts';
import type { InstanceRow } from '../client/instances.ts';
import type { FoundServer } from '../server/ensure-server.ts';
import { bakehouseWord, findOnPath } from '../terminal/bakehouse-word.ts';
import { shellQuote } from '../terminal/shell-quote.ts';

export interface Outcome {
  readonly connection: Connection;
  readonly server: FoundServer;
  readonly imageId?: string;
  readonly row?: InstanceRow;
  /** The command that logs in. */
  readonly ssh?: string;
}

function loginLines({ row, ssh }: Outcome, word: string): string[] {
  if (!row || !ssh) return [];
  return ['Log in:', `  ${ssh}`, `  ${word} ssh ${row.name}        # the same`, ''];
}

function tryNext({ row }: Outcome, word: string): string[] {
  if (!row) return [`  ${word} run --name web        # launch an instance and wait for ssh`];
  const image = 'my-first-image';
  return [
    `  ${word} ssh ${row.name} -- 'echo changed | sudo tee /etc/motd; sync'`,
    `  ${word} aws ec2 create-image --instance-id ${row.instanceId} --name ${image}`,
    `  ${word} aws ec2 wait image-available --filters Name=name,Values=${image} --owners self`,
    `  ${word} run ${image} --name second        # boots with the change in it`,
  ];
}

/** What a person needs after `up`: how to log in, what points tools here, what to try, where to look. */
export function nextSteps(outcome: Outcome, env: NodeJS.ProcessEnv): readonly string[] {
  const { connection, server } = outcome;
  const { dataDirectory } = connection;
  const word = bakehouseWord(env);
  const isElsewhere = dataDirectory !== dataDirectoryOf(env);
  return [
    '',
    ...loginLines(outcome, word),
    `Endpoint     ${server.url}   (${connection.region})`,
    `Credentials  ${join(dataDirectory, 'credentials')}`,
    `Logs         ${server.logPath}`,
    '',
    'Try next:',
    ...(isElsewhere ? [`  export BAKEHOUSE_DATA=${shellQuote(dataDirectory)}`] : []),
    `  eval "$(${word} env)"        # point Packer, Terraform and the SDKs here`,
    ...tryNext(outcome, word),
    ...(findOnPath('aws', env)
      ? []
      : ['  (the AWS CLI is not installed yet: apt-get install awscli)']),
    `  ${word} help`,
  ];
}
