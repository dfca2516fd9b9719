import { findConnection } from '../client/connection.ts';
import type { Command } from '../command.ts';

const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

export const env: Command = {
  name: 'env',
  usage: '',
  summary: 'print shell variables that point AWS tools at this platform',
  help: 'For `eval "$(bakehouse env)"`: aws, Packer, Terraform and the SDKs then talk to this platform.',
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
        terminal.print(`export ${name}=${quote(value)}`);
      }
    }
    return 0;
  },
};
