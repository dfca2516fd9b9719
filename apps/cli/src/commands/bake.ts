import { findConnection } from '../client/connection.ts';
import type { Command } from '../command.ts';
import { bakeImage } from '../launch/bake-image.ts';
import { progressPrinter } from '../terminal/progress.ts';
import { printJson } from './options.ts';

export const bake: Command = {
  name: 'bake',
  usage: '[RECIPE]',
  summary: 'build Bakehouse Linux and publish it as an AMI',
  help: `
Builds a bootable disk from Debian's packages, stores its blocks, and registers it as a public image
of the platform's own account (owner alias amazon) in every region. Takes some minutes the first time.
Ctrl-C is safe. The server does the work: it needs mmdebstrap and root or user namespaces.

  bakehouse bake
  bakehouse aws ec2 describe-images --owners amazon`,
  async run({ args: [recipe], terminal, options, signal }) {
    const progress = progressPrinter(terminal);
    const onProgress = ({ step, ...rest }: { step: string; note: string }) =>
      progress.update({ label: step, ...rest });
    const connection = await findConnection(process.env);
    try {
      const bakeOptions = { onProgress, ...(recipe ? { recipe } : {}) };
      const published = await bakeImage(connection, bakeOptions, signal);
      progress.end();
      if (options.json) printJson({ terminal }, published);
      else {
        terminal.print(`published ${published.name}`);
        for (const { region, imageId } of published.images) {
          terminal.print(`  ${region}  ${imageId}`);
        }
      }
      return 0;
    } finally {
      progress.end();
    }
  },
};
