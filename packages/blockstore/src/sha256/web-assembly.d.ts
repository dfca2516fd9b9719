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
  /** Only of what `wasmModule` makes. */
  class Instance {
    readonly exports: { readonly run: (...parameters: readonly number[]) => void };
    constructor(module: Module, imports: { readonly host: { readonly memory: Memory } });
  }
}
