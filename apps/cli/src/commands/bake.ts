import { adminOf, lastEvent } from '../client/admin.ts';
import { findConnection } from '../client/connection.ts';
import type { Command } from '../command.ts';
import { progressPrinter } from '../terminal/progress.ts';

interface Published {
  readonly name: string;
  readonly images: readonly { readonly region: string; readonly imageId: string }[];
}

interface Stage {
  readonly stage: string;
  readonly fraction?: number;
  readonly message?: string;
}

export const bake: Command = {
  name: 'bake',
  usage: '[RECIPE]',
  summary: 'build Bakehouse Linux and publish it as an AMI',
  help: `
Builds a bootable disk from Debian's packages, stores its blocks, and registers it as a public image
of the platform's own account (owner alias amazon) in every region. Takes some minutes the first time.
Ctrl-C is safe. The server does the work: it needs mmdebstrap and root or user namespaces.

  bakehouse bake
  aws ec2 describe-images --owners amazon`,
  async run({ args, terminal, options, signal }) {
    const admin = adminOf(await findConnection(process.env));
    const progress = progressPrinter(terminal);
    const events = admin.callStreaming('Bake', args[0] ? { recipe: args[0] } : {}, { signal });
    const published = await lastEvent<Published>(events, (event) => {
      const { stage, fraction, message = '' } = event as Stage;
      progress.update({
        label: stage,
        note: message,
        ...(fraction === undefined ? {} : { fraction }),
      });
    });
    progress.end();
    if (options.json) terminal.print(JSON.stringify(published));
    else {
      terminal.print(`published ${published.name}`);
      for (const { region, imageId } of published.images) terminal.print(`  ${region}  ${imageId}`);
    }
    return 0;
  },
};
