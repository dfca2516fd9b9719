import { findConnection } from '../client/connection.ts';
import { fetchHealth } from '../client/health.ts';
import type { Command } from '../command.ts';
import { shellQuote } from '../terminal/shell-quote.ts';

/** A shell that starts up waits no longer to hear of a server that is silent. */
const healthLimitMs = 2_000;

const isServed = (endpoint: string, signal: AbortSignal): Promise<boolean> =>
  fetchHealth(endpoint, AbortSignal.any([signal, AbortSignal.timeout(healthLimitMs)])).then(
    () => true,
    () => false,
  );

export const envCommand: Command = {
  name: 'env',
  usage: '',
  argumentsMax: 0,
  summary: 'print shell variables that point AWS tools at this platform',
  help: `
  eval "$(bakehouse env)"

Packer, Terraform, the SDKs and AWS CLI from 2.13 on then talk to this platform. Older AWS CLIs (Debian
12's 2.9) do not know AWS_ENDPOINT_URL: use \`bakehouse aws …\`, or aws --endpoint-url "$AWS_ENDPOINT_URL" ….

Where no server answers, the variables are those of the last one, and a line on standard error says so.`,
  async run({ terminal, options, env, signal }) {
    const { endpoint, accessKeyId, secretAccessKey, region } = await findConnection(env);
    const variables = {
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
    };
    if (options.json) terminal.print(JSON.stringify(variables));
    else {
      for (const [name, value] of Object.entries(variables)) {
        terminal.print(`export ${name}=${shellQuote(value)}`);
      }
    }
    if (!(await isServed(endpoint, signal))) {
      terminal.note(`no server answers at ${endpoint}; start it with 'bakehouse serve'`);
    }
    return 0;
  },
};
