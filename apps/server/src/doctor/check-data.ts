import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from '@bakehouse/host';
import { dataLayoutVersion, isDataDirectory } from '../data-directory.ts';
import { holderOf } from '../data-lock.ts';
import type { Check } from './check.ts';

export interface DataState {
  /** Whether the folder exists and is a data folder. */
  readonly isMade: boolean;
  /** The server that serves the folder now. */
  readonly serverPid?: number;
}

export async function readDataState(root: string): Promise<DataState> {
  const isMade = await isDataDirectory(root);
  const server = await holderOf(join(root, 'lock'));
  return { isMade, ...(server === undefined ? {} : { serverPid: server.pid }) };
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
  const server = state.serverPid === undefined ? 'no server runs' : `process ${state.serverPid}`;
  return [
    { area: 'data', name: 'folder', status: 'ok', detail: root },
    { area: 'data', name: 'server', status: 'ok', detail: server },
    await permissionCheck(root),
    await versionCheck(root),
  ];
}
