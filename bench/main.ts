import { cpus, totalmem } from 'node:os';
import { apiThroughput } from './api-throughput.ts';
import { changedSnapshot } from './changed-snapshot.ts';
import { firstSnapshot } from './first-snapshot.ts';
import { forkLogins } from './fork-login.ts';
import { freshStart } from './fresh-start.ts';
import { hotLogins } from './hot-login.ts';
import { ingest } from './ingest.ts';
import { largeCatalogue } from './large-catalogue.ts';
import { launches } from './launch.ts';
import { liveSnapshot } from './live-snapshot.ts';
import { logins } from './login.ts';
import { maps } from './maps.ts';
import { nbdReads } from './nbd-reads.ts';
import { markdown, type Row } from './row.ts';
import { openScratchFolder } from './scratch-folder.ts';
import { serverMemory } from './server-memory.ts';
import { warmLogins } from './warm-login.ts';

/** `npm run bench [NAME …]`: all measurements, or those named. `fresh` first: it bakes for those after it. */
const measurements: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
  fresh: freshStart,
  launches,
  login: logins,
  hot: hotLogins,
  warm: warmLogins,
  fork: forkLogins,
  first: firstSnapshot,
  ingest,
  maps,
  changed: changedSnapshot,
  live: liveSnapshot,
  reads: nbdReads,
  api: apiThroughput,
  catalogue: largeCatalogue,
  memory: serverMemory,
};

/** A measurement that fails is reported in the table and does not keep the others from running. */
async function attempt(name: string, measure: () => Promise<readonly Row[]>) {
  const begun = performance.now();
  process.stderr.write(`measuring ${name} …\n`);
  try {
    const rows = await measure();
    // At once, so that an interrupted run has printed what it found.
    for (const row of rows) process.stderr.write(`${row.what}: ${row.measured} (${row.verdict})\n`);
    return rows;
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    const note = String(error).split('\n')[0]?.replaceAll('|', '/') ?? '';
    return [
      { what: `FAILED: ${name}`, measured: '', against: '', verdict: 'missed', note } as const,
    ];
  } finally {
    process.stderr.write(`… ${Math.round((performance.now() - begun) / 1000)} s\n`);
  }
}

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !Object.hasOwn(measurements, name));
if (unknown !== undefined) {
  process.stderr.write(
    `no measurement '${unknown}'; there are ${Object.keys(measurements).join(', ')}\n`,
  );
  process.exit(2);
}
const rows: Row[] = [];
{
  await using _scratch = await openScratchFolder();
  for (const [name, measure] of Object.entries(measurements)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    rows.push(...(await attempt(name, measure)));
  }
}
const inOrder = rows.toSorted((a, b) => a.what.charCodeAt(0) - b.what.charCodeAt(0));
const memoryGiB = Math.round(totalmem() / 1024 ** 3);
process.stdout.write(`${cpus().length} cores (${cpus()[0]?.model}), ${memoryGiB} GiB\n\n`);
process.stdout.write(`${markdown(inOrder)}\n`);
