import type { BuilderDirectory } from './builder-directory.ts';
import type { Command } from './command-runner.ts';
import type { GuestPackage } from './guest-package.ts';
import type { BakeIdentity } from './image-id.ts';
import type { Recipe } from './recipe.ts';

/** What every stage of a bake works with. */
export interface BakeContext {
  readonly recipe: Recipe;
  readonly guestPackage: GuestPackage;
  readonly identity: BakeIdentity;
  readonly directory: BuilderDirectory;
  readonly userId: number;
  readonly signal: AbortSignal | undefined;
  /** Runs a program of the host; its lines go to the bake's log. */
  run(argv: Command['argv'], options?: RunOptions): Promise<string>;
  /** The same as root, in namespaces that end with it. */
  runAsRoot(argv: readonly string[], options?: RunOptions): Promise<string>;
  report(progress: { readonly fraction?: number; readonly message?: string }): void;
  /** Said to the operator. */
  note(message: string): void;
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly onLine?: (line: string) => void;
}

export interface Stage {
  readonly name: string;
  run(context: BakeContext): Promise<void>;
}
