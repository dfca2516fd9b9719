/** What an image consists of. The recipe id is a hash of all of it. */
export interface Recipe {
  readonly name: string;
  /** For people: banner, description, menu. */
  readonly title: string;
  readonly release: string;
  readonly description: string;
  readonly architecture: 'x86_64';
  readonly debianSuite: string;
  readonly debianArchitecture: 'amd64';
  readonly packages: readonly string[];
  readonly kernelOptions: readonly string[];
  /** Modules that the initramfs loads; their dependencies are added. */
  readonly initramfsModules: readonly string[];
  /** Units of the guest's own package that run at boot. */
  readonly enabledUnits: readonly string[];
  readonly maskedUnits: readonly string[];
  readonly maskedGenerators: readonly string[];
  /** Units that D-Bus may start, but that multi-user.target does not. */
  readonly unitsOnDemand: readonly string[];
  readonly diskSizeBytes: number;
  readonly rootDeviceName: string;
}
