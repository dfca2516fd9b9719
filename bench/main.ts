import { cpus, totalmem } from 'node:os';
import { apiThroughput } from './api-throughput.ts';
import { changedSnapshot } from './changed-snapshot.ts';
import { firstSnapshot } from './first-snapshot.ts';
import { largeCatalogue } from './large-catalogue.ts';
import { launches } from './launch.ts';
import { nbdReads } from './nbd-reads.ts';
import { markdown, type Row } from './row.ts';
import { serverMemory } from './server-memory.ts';

/** `npm run bench [NAME …]`: all measurements, or those named. */
const measurements: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
  first: firstSnapshot,
  changed: changedSnapshot,
  reads: nbdReads,
  launches,
  api: apiThroughput,
  catalogue: largeCatalogue,
  memory: serverMemory,
};

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !Object.hasOwn(measurements, name));
if (unknown !== undefined) {
  process.stderr.write(
    `no measurement '${unknown}'; there are ${Object.keys(measurements).join(', ')}\n`,
  );
  process.exit(2);
}
const rows: Row[] = [];
for (const [name, measure] of Object.entries(measurements)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  process.stderr.write(`measuring ${name} …\n`);
  rows.push(...(await measure()));
}
const memoryGiB = Math.round(totalmem() / 1024 ** 3);
process.stdout.write(`${cpus().length} cores (${cpus()[0]?.model}), ${memoryGiB} GiB\n\n`);
process.stdout.write(`${markdown(rows)}\n`);
