import type { Stage } from '../stage.ts';
import { workFiles } from '../work-files.ts';
import { partitionOffsetBytes } from './boot-loader.ts';

/** Fails the bake when the file system has errors. */
export const check: Stage = {
  name: 'check',
  async run(context) {
    const { disk } = workFiles(context.directory);
    await context.run(['e2fsck', '-f', '-n', `${disk}?offset=${partitionOffsetBytes}`]);
  },
};
