import { KiB } from '@bakehouse/base';

/** EC2 keeps this much of a console. */
const consoleLimitBytes = 64 * KiB;

/** What the guests' serial ports wrote, over reboots and stops. */
export class SimulatedConsole {
  #bytes: Uint8Array = new Uint8Array();
  #changedAt = 0;

  write(text: string, now: number): void {
    const all = Buffer.concat([this.#bytes, Buffer.from(text)]);
    this.#bytes = Uint8Array.from(all.subarray(Math.max(0, all.length - consoleLimitBytes)));
    this.#changedAt = now;
  }

  read(): { bytes: Uint8Array; changedAt: number } {
    return { bytes: Uint8Array.from(this.#bytes), changedAt: this.#changedAt };
  }
}
