import { KiB } from '@bakehouse/base';
import { bootConsoleBytesMax, type ConsoleArrival, type InstanceId } from '@bakehouse/domain';

/** EC2 keeps this much of a console. */
const consoleLimitBytes = 64 * KiB;

/** What the guests' serial ports wrote, over reboots and stops. */
class SimulatedConsole {
  #bytes: Uint8Array = new Uint8Array();
  #changedAt = 0;
  #boot = Buffer.alloc(0);
  #bootBytes = 0;
  #arrivals: readonly ConsoleArrival[] = [];

  /** A machine starts: what is written from now on is of its boot. */
  beginBoot(): void {
    this.#boot = Buffer.alloc(0);
    this.#bootBytes = 0;
    this.#arrivals = [];
  }

  write(text: string, now: number): void {
    const all = Buffer.concat([this.#bytes, Buffer.from(text)]);
    this.#bytes = Uint8Array.from(all.subarray(Math.max(0, all.length - consoleLimitBytes)));
    this.#changedAt = now;
    this.#boot = Buffer.concat([this.#boot, Buffer.from(text)]).subarray(0, bootConsoleBytesMax);
    this.#bootBytes += Buffer.byteLength(text);
    this.#arrivals = [...this.#arrivals, { at: now, since: now, bytes: this.#bootBytes }];
  }

  readBoot(): { console: Uint8Array; arrivals: readonly ConsoleArrival[] } {
    return { console: Uint8Array.from(this.#boot), arrivals: this.#arrivals };
  }

  read(): { bytes: Uint8Array; changedAt: number } {
    return { bytes: Uint8Array.from(this.#bytes), changedAt: this.#changedAt };
  }
}

/** By instance. */
export class SimulatedConsoles {
  readonly #consoles = new Map<InstanceId, SimulatedConsole>();

  get(instanceId: InstanceId): SimulatedConsole | undefined {
    return this.#consoles.get(instanceId);
  }

  /** Made at its first use. */
  of(instanceId: InstanceId): SimulatedConsole {
    const console = this.#consoles.get(instanceId) ?? new SimulatedConsole();
    this.#consoles.set(instanceId, console);
    return console;
  }

  delete(instanceId: InstanceId): void {
    this.#consoles.delete(instanceId);
  }
}
