import type { BlockDevice } from '../block-device.ts';
import { NbdConnectionError } from '../errors.ts';

/** Resolves to undefined when there is no export of that name. The server closes each device once. */
export type OpenExport = (name: string) => Promise<BlockDevice | undefined>;

/** The device that the options of one handshake name: opened once, however often it is named. */
export class ExportSlot {
  readonly #open: OpenExport;
  #closed = false;
  #opened: { readonly name: string; readonly device: BlockDevice } | undefined;

  constructor(open: OpenExport) {
    this.#open = open;
  }

  async find(name: string): Promise<BlockDevice | undefined> {
    if (this.#opened?.name === name) return this.#opened.device;
    const device = await this.#open(name);
    if (device === undefined) return undefined;
    if (this.#closed) {
      await device.close();
      throw new NbdConnectionError(`the client left while export '${name}' was being opened`);
    }
    await this.#release();
    this.#opened = { name, device };
    return device;
  }

  /** Closes the open device. One that is still being opened is closed as soon as it is open; nobody waits for that. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#release();
  }

  async #release(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.device.close();
  }
}
