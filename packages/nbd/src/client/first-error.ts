import { NbdProtocolError, type NbdServerError } from '../errors.ts';

/** One reply may carry several errors, for parts of its range; more than this is an attack. */
const errorsMax = 1024;

/** The errors of one reply, of which the first is reported. */
export class FirstError {
  #first: NbdServerError | undefined;
  #count = 0;

  get error(): NbdServerError | undefined {
    return this.#first;
  }

  add(error: NbdServerError): void {
    this.#first ??= error;
    this.#count += 1;
    if (this.#count > errorsMax) throw new NbdProtocolError(`over ${errorsMax} errors in a reply`);
  }
}
