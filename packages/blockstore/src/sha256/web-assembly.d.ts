/** What is used of WebAssembly, which Node has and its types do not tell. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  /** Only shared ones are made here. */
  class Memory {
    readonly buffer: SharedArrayBuffer;
    constructor(size: {
      readonly initial: number;
      readonly maximum: number;
      readonly shared: true;
    });
  }
  class Instance {
    readonly exports: Readonly<Record<string, unknown>>;
    constructor(
      module: Module,
      imports: Readonly<Record<string, Readonly<Record<string, Memory>>>>,
    );
  }
}
