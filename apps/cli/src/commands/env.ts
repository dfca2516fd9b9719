import { findConnection } from '../client/connection.ts';
import type { Command } from '../command.ts';
import { shellQuote } from '../terminal/shell-quote.ts';

export const env: Command = {
  name: 'env',
  usage: '',
  summary: 'print shell variables that point AWS tools at this platform',
  help: `
  eval "$(bakehouse env)"

Packer, Terraform, the SDKs and AWS CLI from 2.13 on then talk to this platform. Older AWS CLIs (Debian
12's 2.9) do not know AWS_ENDPOINT_URL: use \`bakehouse aws …\`, or aws --endpoint-url "$AWS_ENDPOINT_URL" ….`,
  async run({ terminal, options }) {
    const { endpoint, accessKeyId, secretAccessKey, region } = await findConnection(process.env);
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
    return 0;
  },
};
