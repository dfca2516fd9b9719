import type { Stage } from '../stage.ts';
import { workFiles } from '../work-files.ts';
import { partitionOffsetBytes } from './boot-loader.ts';

/** A disk with an unsound file system is not handed out. */
export const check: Stage = {
  name: 'check',
  async run(context) {
    const { disk } = workFiles(context.directory);
    await context.run(['e2fsck', '-f', '-n', `${disk}?offset=${partitionOffsetBytes}`]);
  },
};
