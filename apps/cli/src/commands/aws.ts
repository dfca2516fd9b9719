import type { Connection } from '../client/connection.ts';
import { findConnection } from '../client/connection.ts';
import type { Command } from '../command.ts';
import { runAttached } from '../ssh/run-attached.ts';

/** Names that would lead the AWS CLI elsewhere, or to other credentials. */
const misleading = [
  'AWS_PROFILE',
  'AWS_DEFAULT_PROFILE',
  'AWS_SESSION_TOKEN',
  'AWS_SECURITY_TOKEN',
];

/** The environment that points AWS tools at the platform and nowhere else. */
export function awsEnvironment(
  environment: NodeJS.ProcessEnv,
  connection: Connection,
): NodeJS.ProcessEnv {
  const { endpoint, region, accessKeyId, secretAccessKey } = connection;
  const own = Object.entries(environment).filter(([name]) => !misleading.includes(name));
  return {
    ...Object.fromEntries(own),
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

export const awsCommand: Command = {
  name: 'aws',
  usage: 'ARGUMENTS …',
  argumentsMax: Infinity,
  summary: 'run the AWS CLI against this platform',
  help: `
Everything after \`aws\` goes to the AWS CLI, with --endpoint-url, credentials and region set.

  bakehouse aws ec2 describe-images --owners amazon
  bakehouse aws ec2 create-image --instance-id i-… --name mine --region us-west-2`,
  exitCodes: {
    0: 'done',
    1: 'there is no server, or no AWS CLI',
    others: 'those of the AWS CLI',
  },
  raw: true,
  async run({ args, env }) {
    const connection = await findConnection(env);
    return await runAttached(['aws', '--endpoint-url', connection.endpoint, ...args], {
      env: awsEnvironment(env, connection),
      hint: 'apt-get install awscli',
    });
  },
};
