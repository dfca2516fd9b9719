import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { requiredFiles, requiredTools } from '@bakehouse/imagebuilder';
import type { Check } from './check.ts';

/** A program of the host, and the Debian package that has it. */
export interface HostTool {
  readonly command: string;
  readonly debianPackage: string;
  readonly purpose: string;
}

/** What guests need to run; `scripts/packages` installs the same. */
export const runTools: readonly HostTool[] = [
  { command: 'qemu-system-x86_64', debianPackage: 'qemu-system-x86', purpose: 'runs guests' },
  { command: 'qemu-img', debianPackage: 'qemu-utils', purpose: 'makes disks' },
  {
    command: 'qemu-storage-daemon',
    debianPackage: 'qemu-system-common',
    purpose: 'reads disks at rest',
  },
  { command: 'ip', debianPackage: 'iproute2', purpose: 'makes the network' },
  { command: 'nft', debianPackage: 'nftables', purpose: 'security groups' },
  { command: 'dnsmasq', debianPackage: 'dnsmasq-base', purpose: 'DHCP and DNS for guests' },
  { command: 'nsenter', debianPackage: 'util-linux', purpose: 'enters the network' },
  { command: 'setpriv', debianPackage: 'util-linux', purpose: 'bounds the metadata agent' },
  { command: 'mount', debianPackage: 'mount', purpose: "hides the host's files from it" },
  { command: 'sysctl', debianPackage: 'procps', purpose: 'sets up the network' },
  { command: 'openssl', debianPackage: 'openssl', purpose: 'signs identity documents' },
];

const loginTools: readonly HostTool[] = [
  { command: 'ssh', debianPackage: 'openssh-client', purpose: 'bakehouse ssh and run' },
  { command: 'ssh-keygen', debianPackage: 'openssh-client', purpose: 'makes the key pair' },
];

/** Where programs are looked for: services often have no sbin on their PATH. */
const programFolders = () => [
  ...(process.env.PATH ?? '').split(delimiter),
  ...['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'],
];

export async function findProgram(command: string): Promise<string | undefined> {
  for (const folder of programFolders().filter(Boolean)) {
    const path = join(folder, command);
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return undefined;
}

/** Those of the tools that are not there. */
export async function missingTools(tools: readonly HostTool[]): Promise<readonly HostTool[]> {
  const found = await Promise.all(tools.map((tool) => findProgram(tool.command)));
  return tools.filter((_, index) => found[index] === undefined);
}

export function installCommand(tools: readonly { readonly debianPackage: string }[]): string {
  const packages = [...new Set(tools.map((tool) => tool.debianPackage))];
  return `apt-get install ${packages.join(' ')}`;
}

async function toolCheck(name: string, tools: readonly HostTool[], isVital: boolean) {
  const missing = await missingTools(tools);
  if (missing.length === 0) {
    const detail = tools.map((tool) => tool.command).join(', ');
    return { area: 'tools', name, status: 'ok', detail } as const;
  }
  return {
    area: 'tools',
    name,
    status: isVital ? 'fail' : 'warn',
    detail: missing.map(({ command, purpose }) => `${command} is missing (${purpose})`).join(', '),
    remedy: installCommand(missing),
  } as const;
}

async function bakeFilesCheck(): Promise<Check | undefined> {
  const isThere = (path: string) =>
    access(path).then(
      () => true,
      () => false,
    );
  const found = await Promise.all(requiredFiles.map(({ path }) => isThere(path)));
  const missing = requiredFiles.filter((_, index) => !found[index]);
  if (missing.length === 0) return undefined;
  return {
    area: 'tools',
    name: 'bake files',
    status: 'warn',
    detail: missing.map(({ path }) => `${path} is missing`).join(', '),
    remedy: installCommand(missing),
  };
}

/** The programs that guests, baking and login need. */
export async function checkTools(): Promise<readonly Check[]> {
  const checks = await Promise.all([
    toolCheck('for guests', runTools, true),
    toolCheck('for baking', requiredTools, false),
    toolCheck('for login', loginTools, false),
    bakeFilesCheck(),
  ]);
  return checks.filter((check) => check !== undefined);
}
