import type { BlockDevice } from '../block-device.ts';
import { NbdConnectionError } from '../errors.ts';

/** Answers undefined when there is no export of that name. Each answer is closed once. */
export type OpenExport = (name: string) => Promise<BlockDevice | undefined>;

/** The device that the options of one handshake speak of: opened once, however often it is named. */
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

  /** Closes what is open, now or when it has opened: who closes does not wait for that. */
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
