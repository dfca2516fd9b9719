import type { TimestampMs } from '@bakehouse/base';
import type { ConsoleLine } from './console-lines.ts';

/** A stage that a line of the console shows to have begun or ended. */
export interface GuestMark {
  readonly name: string;
  /** Seconds between the kernel's start and this moment, as the guest wrote them. */
  readonly uptimeSeconds?: number;
  readonly arrival?: ConsoleLine['arrival'];
}

interface Pattern {
  readonly name: string;
  readonly pattern: RegExp;
}

/** What is looked for, in the order of a boot. The first line that matches counts, so a later reboot changes nothing. */
const patterns: readonly Pattern[] = [
  { name: 'boot loader', pattern: /\bGRUB\b|^\s*Booting [`']|\b(?:SYSLINUX|ISOLINUX|LILO)\b/ },
  { name: 'kernel', pattern: /\bLinux version \d/ },
  { name: 'initramfs', pattern: /Run \/init as init process|^Loading, please wait/ },
  { name: 'systemd', pattern: /systemd\[1\]: systemd \d|^Welcome to .+!/ },
  { name: 'network', pattern: /Reached target (?:\S*network\.target|Network\.)/ },
  { name: 'cloud-init: local', pattern: /Cloud-init v\. \S+ running 'init-local'/ },
  { name: 'cloud-init: init', pattern: /Cloud-init v\. \S+ running 'init'/ },
  { name: 'cloud-init: config', pattern: /Cloud-init v\. \S+ running 'modules:config'/ },
  { name: 'cloud-init: final', pattern: /Cloud-init v\. \S+ running 'modules:final'/ },
  { name: 'sshd', pattern: /Started \S*sshd?\.service|Started (?:OpenBSD Secure Shell|OpenSSH)/ },
  { name: 'login prompt', pattern: /(?:^|\s)(?<!\bLast )login: *$/ },
  { name: 'cloud-init: finished', pattern: /Cloud-init v\. \S+ finished at/ },
];

/** Bakehouse Linux writes the times that its console does not show: `cloud-boot` in its image. */
const bootTimesLine = /boot times, in seconds after the kernel's start: (.+)$/;
/** The same of a guest that went on from a template's memory. */
const copyTimesLine = /boot times, in seconds after the copy's start: (.+)$/;
const bootTimeNames: Readonly<Record<string, string>> = {
  systemd: 'systemd',
  units: 'systemd: units loaded',
  python: 'cloud-init: Python',
  'cloud-init': 'cloud-init: imported',
  network: 'cloud-init: route found',
  user: 'cloud-init: user made',
  sshd: 'sshd',
};

/** cloud-init's own words, or what the kernel and journald put before a line. A guest writes what it likes: no boot takes 12 days. */
const uptimes = [/\bUp (\d{1,6}\.\d{1,6}) seconds/, /^\[ *(\d{1,6}\.\d{6})\] /] as const;

function uptimeOf(text: string): number | undefined {
  for (const pattern of uptimes) {
    const seconds = pattern.exec(text)?.[1];
    // The kernel writes zeros until its clock runs.
    if (Number(seconds) > 0) return Number(seconds);
  }
  return undefined;
}

function bootTimes({ text }: ConsoleLine, title: RegExp): GuestMark[] {
  const times = title.exec(text)?.[1] ?? '';
  return times.split(', ').flatMap((entry) => {
    const [, word = '', seconds] = /^(\S+) (\d{1,6}\.\d{1,6})$/.exec(entry) ?? [];
    const name = bootTimeNames[word];
    return name ? [{ name, uptimeSeconds: Number(seconds) }] : [];
  });
}

/**
 * The stages that the console shows, each once. The kernel of a guest that went on from a template (`isCopy`) was started
 * in the template: how long it has run says nothing here, and its times count from when its memory was restored.
 */
export function guestMarks(lines: readonly ConsoleLine[], isCopy = false): GuestMark[] {
  const marks = new Map<string, GuestMark>();
  const title = isCopy ? copyTimesLine : bootTimesLine;
  const add = (mark: GuestMark) => {
    if (!marks.has(mark.name)) marks.set(mark.name, mark);
  };
  for (const line of lines) {
    for (const mark of bootTimes(line, title)) add(mark);
    for (const { name, pattern } of patterns) {
      if (pattern.test(line.text)) add(isCopy ? withArrival(name, line) : withTimes(name, line));
    }
  }
  return [...marks.values()];
}

const withArrival = (name: string, { arrival }: ConsoleLine): GuestMark => ({
  name,
  ...(arrival ? { arrival } : {}),
});

function withTimes(name: string, { text, arrival }: ConsoleLine): GuestMark {
  const uptimeSeconds = uptimeOf(text);
  return {
    name,
    ...(uptimeSeconds === undefined ? {} : { uptimeSeconds }),
    ...(arrival ? { arrival } : {}),
  };
}

/** The names that a console can show, in the order of a boot. */
export const guestMarkNames: readonly string[] = patterns.map(({ name }) => name);

/** Of a guest that went on from a template: what comes before is in the template's console. */
export const guestMarkNamesOfCopies: readonly string[] = guestMarkNames.slice(
  guestMarkNames.indexOf('cloud-init: init'),
);

/**
 * When the kernel started, at the latest: no line arrives before the uptime that it carries. Undefined without a line
 * that has both. Lines by which it started before `notBefore`, when QEMU did, are no evidence.
 */
export function kernelStart(
  lines: readonly ConsoleLine[],
  notBefore: TimestampMs,
): { readonly at: TimestampMs; readonly precisionMs: number } | undefined {
  let earliest: { at: TimestampMs; precisionMs: number } | undefined;
  for (const { text, arrival } of lines) {
    const uptime = uptimeOf(text);
    if (uptime === undefined || !arrival) continue;
    const at = Math.round(arrival.at - uptime * 1000);
    if (at < notBefore) continue;
    if (!earliest || at < earliest.at) earliest = { at, precisionMs: arrival.precisionMs };
  }
  return earliest;
}
