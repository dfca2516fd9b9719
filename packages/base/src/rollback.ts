/** Undoes what was done, last first, unless `commit` is called before the scope ends. */
export class Rollback implements AsyncDisposable {
  #undos: (() => Promise<void> | void)[] = [];

  defer(undo: () => Promise<void> | void): void {
    this.#undos.push(undo);
  }

  commit(): void {
    this.#undos = [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const errors: unknown[] = [];
    for (const undo of this.#undos.splice(0).reverse()) {
      try {
        await undo();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'rollback failed');
  }
}
