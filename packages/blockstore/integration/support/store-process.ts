import { silentLogger } from '@bakehouse/base';
import type { BlockMapId } from '@bakehouse/domain';
import { openBlockStore } from '../../src/open-block-store.ts';

/**
 * The process that the crash test kills. Captures one generation of the disk after the other into
 * `map-1`, `map-2` …, each of which it prints once it is committed, and prunes all but the last two.
 */
const [directory = '', diskPath = '', firstGeneration = '1'] = process.argv.slice(2);
const engine = await openBlockStore({
  directory,
  logger: silentLogger,
  segmentBytesMax: 4 * 1024 * 1024,
  threadCount: 1,
});

const say = (line: string) => process.stdout.write(`${line}\n`);
say('open');
for (let generation = Number(firstGeneration); ; generation += 1) {
  const mapId: BlockMapId = `map-${generation}`;
  const path = `${diskPath}.${generation % 4}`;
  await engine.capture({ mapId, source: { kind: 'file', path } });
  say(`captured ${generation}`);
  const keep = new Set([mapId, `map-${generation - 1}`]);
  const remove = new Set((await engine.list()).filter((each) => !keep.has(each)));
  for (const each of remove) say(`removing ${each.slice(4)}`);
  await engine.prune(remove);
  say(`pruned ${generation}`);
}
