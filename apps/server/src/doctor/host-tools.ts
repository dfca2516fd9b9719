import { exists, findProgram, type KnownProgram, programPackages } from '@bakehouse/host';
import { requiredFiles, requiredTools, requiredToolsWithoutRoot } from '@bakehouse/imagebuilder';
import type { Check } from './check.ts';

/** A program that Bakehouse runs, and what for. */
export interface HostTool {
  readonly command: KnownProgram;
  readonly purpose: string;
}

/** What guests need. `scripts/packages` installs their packages. */
export const guestTools: readonly HostTool[] = [
  { command: 'qemu-system-x86_64', purpose: 'runs guests' },
  { command: 'qemu-img', purpose: 'makes disks' },
  { command: 'qemu-storage-daemon', purpose: 'reads disks of stopped instances' },
  { command: 'ip', purpose: 'makes the network' },
  { command: 'nft', purpose: 'security groups' },
  { command: 'dnsmasq', purpose: 'DHCP and DNS for guests' },
  { command: 'nsenter', purpose: 'enters the network' },
  { command: 'bwrap', purpose: 'jails guests' },
  { command: 'prlimit', purpose: 'limits the threads of guests' },
  { command: 'setpriv', purpose: 'limits the rights of guests and of the metadata agent' },
  { command: 'mount', purpose: "hides the host's files from it" },
  { command: 'sysctl', purpose: 'sets up the network' },
];

const loginTools: readonly HostTool[] = [
  { command: 'ssh', purpose: 'bakehouse ssh and run' },
  { command: 'ssh-keygen', purpose: 'makes the key pair' },
];

const bakeTools = (): readonly HostTool[] =>
  process.getuid?.() === 0 ? requiredTools : [...requiredTools, ...requiredToolsWithoutRoot];

/** Those of the tools that are not installed. */
export async function missingTools(tools: readonly HostTool[]): Promise<readonly HostTool[]> {
  const found = await Promise.all(tools.map((tool) => findProgram(tool.command)));
  return tools.filter((_, index) => found[index] === undefined);
}

export function installCommand(debianPackages: readonly string[]): string {
  return `apt-get install ${[...new Set(debianPackages)].join(' ')}`;
}

export const packagesOf = (tools: readonly HostTool[]): readonly string[] =>
  tools.map(({ command }) => programPackages[command]);

async function toolCheck(
  name: string,
  tools: readonly HostTool[],
  whenMissing: 'fail' | 'warn',
): Promise<Check> {
  const missing = await missingTools(tools);
  if (missing.length === 0) {
    const detail = tools.map((tool) => tool.command).join(', ');
    return { area: 'tools', name, status: 'ok', detail };
  }
  return {
    area: 'tools',
    name,
    status: whenMissing,
    detail: missing.map(({ command, purpose }) => `${command} is missing (${purpose})`).join(', '),
    remedy: installCommand(packagesOf(missing)),
  };
}

async function bakeFilesCheck(): Promise<Check | undefined> {
  const found = await Promise.all(requiredFiles.map(({ path }) => exists(path)));
  const missing = requiredFiles.filter((_, index) => !found[index]);
  if (missing.length === 0) return undefined;
  return {
    area: 'tools',
    name: 'bake files',
    status: 'warn',
    detail: missing.map(({ path }) => `${path} is missing`).join(', '),
    remedy: installCommand(missing.map(({ debianPackage }) => debianPackage)),
  };
}

/** The programs that guests, baking and login need. */
export async function checkTools(): Promise<readonly Check[]> {
  const checks = await Promise.all([
    toolCheck('for guests', guestTools, 'fail'),
    toolCheck('for baking', bakeTools(), 'warn'),
    toolCheck('for login', loginTools, 'warn'),
    bakeFilesCheck(),
  ]);
  return checks.filter((check) => check !== undefined);
}
