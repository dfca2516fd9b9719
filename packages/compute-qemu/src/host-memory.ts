import { readFile } from 'node:fs/promises';

/**
 * Bytes of memory that the kernel could hand out without swapping: of the host, or of the control group that
 * confines this process (a container) when that is less.
 */
export async function hostMemoryAvailable(): Promise<number> {
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(await readFile('/proc/meminfo', 'utf8'))?.[1];
  const hostBytes = Number(kib ?? 0) * 1024;
  const groupBytes = await groupMemoryAvailable().catch(() => undefined);
  return Math.min(hostBytes, groupBytes ?? hostBytes);
}

/** From the files of cgroup v2 as a container sees them; undefined without a limit. */
async function groupMemoryAvailable(): Promise<number | undefined> {
  const read = (name: string) => readFile(`/sys/fs/cgroup/memory.${name}`, 'utf8');
  const [max, current, stat] = await Promise.all([read('max'), read('current'), read('stat')]);
  if (max.trim() === 'max') return undefined;
  const reclaimable = Number(/^inactive_file (\d+)$/m.exec(stat)?.[1] ?? 0);
  return Math.max(0, Number(max) - Number(current) + reclaimable);
}
