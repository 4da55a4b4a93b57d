// What is used of it. TypeScript has it only in its library for browsers, which has far more than Node.
declare namespace WebAssembly {
  function validate(bytes: Uint8Array): boolean
  class Memory {
    constructor(size: {initial: number; maximum: number})
    readonly buffer: ArrayBuffer
  }
  class Module {
    constructor(bytes: Uint8Array)
  }
  class Instance {
    constructor(module: Module, imports: object)
    readonly exports: Readonly<Record<string, unknown>>
  }
}
