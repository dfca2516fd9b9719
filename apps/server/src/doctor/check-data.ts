import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from '@bakehouse/host';
import { type DataDirectory, dataLayoutVersion, isDataDirectory } from '../data-directory.ts';
import { holderOf } from '../data-lock.ts';
import { notedServers } from '../sharing-servers.ts';
import type { Check } from './check.ts';

export interface DataState {
  /** Whether the folder exists and is a data folder. */
  readonly isMade: boolean;
  /** The server that serves the folder now, or else a standby that may. */
  readonly serverPid?: number;
  readonly isStandby: boolean;
}

export async function readDataState(data: DataDirectory): Promise<DataState> {
  const isMade = await isDataDirectory(data.root);
  const active = await holderOf(data.lock);
  const server = active ?? (await notedServers(data))[0];
  if (!server) return { isMade, isStandby: false };
  return { isMade, serverPid: server.pid, isStandby: active === undefined };
}

function serverDetail({ serverPid, isStandby }: DataState): string {
  if (serverPid === undefined) return 'no server runs';
  return `process ${serverPid}${isStandby ? ', a standby' : ''}`;
}

async function permissionCheck(root: string): Promise<Check> {
  const { mode, uid } = await stat(root);
  const isClosed = (mode & 0o077) === 0;
  return {
    area: 'data',
    name: 'permissions',
    status: isClosed ? 'ok' : 'fail',
    detail: `${(mode & 0o777).toString(8)}, owner ${uid}`,
    ...(isClosed ? {} : { remedy: `chmod 700 ${root}` }),
  };
}

async function versionCheck(root: string): Promise<Check> {
  const text = (await readFile(join(root, 'version'), 'utf8')).trim();
  const isKnown = Number(text) === dataLayoutVersion;
  return {
    area: 'data',
    name: 'layout',
    status: isKnown ? 'ok' : 'fail',
    detail: `version ${text}`,
    ...(isKnown
      ? {}
      : { remedy: `this program knows ${dataLayoutVersion}: use the one that made the folder` }),
  };
}

/** The folder of all state, and who serves it. */
export async function checkData(root: string, state: DataState): Promise<readonly Check[]> {
  if (!state.isMade) {
    const detail = (await exists(root))
      ? `${root} is not a data folder yet`
      : `${root} does not exist yet; the first start creates it`;
    return [{ area: 'data', name: 'folder', status: 'ok', detail }];
  }
  return [
    { area: 'data', name: 'folder', status: 'ok', detail: root },
    { area: 'data', name: 'server', status: 'ok', detail: serverDetail(state) },
    await permissionCheck(root),
    await versionCheck(root),
  ];
}
