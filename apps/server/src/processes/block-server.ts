import { parseArgs } from 'node:util';
import { systemClock } from '@bakehouse/base';
import {
  GuestReads,
  openBlockStore,
  StoreFormatError,
  StoreLockedError,
  serveBlockStore,
} from '@bakehouse/blockstore';
import { openNbdBlockSource, serveNbd } from '@bakehouse/nbd';
import { jsonLogger } from '../json-logger.ts';
import { logWriter } from '../log-writer.ts';
import { exportNames, readExportKey } from './export-names.ts';
import { mapDevices } from './map-device.ts';

/**
 * The data plane's own process: the one owner of the block store. It serves maps to QEMU over NBD and
 * captures, prunes and verifies for the control plane, and keeps running when that one ends.
 */
const { values } = parseArgs({
  options: {
    store: { type: 'string' },
    nbd: { type: 'string' },
    control: { type: 'string' },
    guests: { type: 'string' },
    'export-key': { type: 'string' },
    build: { type: 'string' },
  },
});
const { store, nbd, control, guests, 'export-key': exportKey, build } = values;
if (!store || !nbd || !control || !guests || !exportKey || !build) {
  process.stderr.write(
    'usage: block-server --store DIR --nbd SOCKET --control SOCKET --guests SOCKET --export-key FILE --build ID\n',
  );
  process.exit(2);
}

const logger = jsonLogger('info', logWriter());
const blockStore = await openBlockStore({
  directory: store,
  logger,
  openSource: (address, signal) => {
    if (address.kind !== 'nbd') throw new Error(`no source of kind ${address.kind}`);
    return openNbdBlockSource(address, signal);
  },
}).catch((error: unknown) => {
  if (!(error instanceof StoreLockedError || error instanceof StoreFormatError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
const reads = new GuestReads({ orders: blockStore.orders, clock: systemClock });
const devices = mapDevices(blockStore, reads);
const nbdServer = await serveNbd({ socketPath: nbd, logger, openExport: devices.open });
const names = exportNames(await readExportKey(exportKey));
/** Only jails have this socket's folder, whatever their users are. */
const guestSocketMode = 0o666;
const guestServer = await serveNbd({
  socketPath: guests,
  socketMode: guestSocketMode,
  logger,
  async openExport(name) {
    const { mapId, volumeId } = names.meaningOf(name) ?? {};
    if (mapId === undefined) return undefined;
    return volumeId === undefined ? devices.open(mapId) : devices.openFor(mapId, volumeId);
  },
});
const rpc = await serveBlockStore({ store: blockStore, reads, socketPath: control, build, logger });
logger.log('info', 'block server ready', { pid: process.pid, store });

const close = async () => {
  await rpc.close();
  await nbdServer.close();
  await guestServer.close();
  await reads.close();
  await blockStore.close();
};
const stop = () =>
  close().then(
    () => process.exit(0),
    (error: unknown) => {
      logger.log('error', 'block server not closed', { error });
      process.exit(1);
    },
  );
process.on('SIGTERM', () => void stop());
process.on('SIGINT', () => void stop());
