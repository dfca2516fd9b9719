import { rm, writeFile } from 'node:fs/promises';
import type { Logger } from '@bakehouse/base';
import { readTextIfExists } from '@bakehouse/host';
import type { NetworkNames } from './network-names.ts';
import { readJson, writeJson } from './network-records.ts';
import type { RunNetworkCommand } from './run-network-command.ts';

/** The earlier values of a setting, by interface. */
type Before = Readonly<Record<string, string>>;

/** The host's own settings that outbound traffic needs. They are changed as little as possible, and put back. */
export interface HostForwarding {
  /** Lets packets pass between the link and the interfaces that lead out, and logs what it changes. */
  enable(): Promise<void>;
  /** Puts back what `enable` changed, in this process or an earlier one. */
  restore(): Promise<void>;
}

/** Forwarding is switched per interface, so the host does not become a router between its other networks. */
export function hostForwarding(
  names: NetworkNames,
  { run, logger, uplinks }: { run: RunNetworkCommand; logger: Logger; uplinks?: readonly string[] },
): HostForwarding {
  return {
    async enable() {
      const before: Record<string, string> = {
        ...(await readJson<Before>(names.hostSettingsFile)),
      };
      await writeSetting(names.hostLink, '1');
      for (const device of uplinks ?? (await defaultDevices(run))) {
        const value = await readSetting(device);
        if (value === undefined || value === '1') continue;
        before[device] = value;
        await writeJson(names.hostSettingsFile, before);
        await writeSetting(device, '1');
        logger.log('info', 'switched IPv4 forwarding on for outbound traffic of guests', {
          setting: settingName(device),
          undo: `sysctl -w ${settingName(device)}=${value}`,
        });
      }
    },
    async restore() {
      const before = (await readJson<Before>(names.hostSettingsFile)) ?? {};
      for (const [device, value] of Object.entries(before)) {
        if ((await readSetting(device)) === undefined) continue;
        await writeSetting(device, value);
        logger.log('info', 'put IPv4 forwarding back', { setting: settingName(device), value });
      }
      await rm(names.hostSettingsFile, { force: true });
    },
  };
}

async function defaultDevices(run: RunNetworkCommand): Promise<string[]> {
  const routes: { dev?: string }[] = JSON.parse(
    (await run(['ip', '-j', '-4', 'route', 'show', 'default'])) || '[]',
  );
  return [...new Set(routes.flatMap((route) => route.dev ?? []))];
}

function settingName(device: string): string {
  return `net.ipv4.conf.${device.replaceAll('.', '/')}.forwarding`;
}

function settingPath(device: string): string {
  return `/proc/sys/net/ipv4/conf/${device}/forwarding`;
}

async function readSetting(device: string): Promise<string | undefined> {
  return (await readTextIfExists(settingPath(device)))?.trim();
}

function writeSetting(device: string, value: string): Promise<void> {
  return writeFile(settingPath(device), value);
}
