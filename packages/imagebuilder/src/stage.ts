import type { RunBakeCommand } from './bake-command.ts';
import type { BuilderDirectory } from './builder-directory.ts';
import type { GuestPackage } from './guest-package.ts';
import type { BakeIdentity } from './image-id.ts';
import type { Recipe } from './recipe.ts';

/** What each stage of a bake gets. */
export interface BakeContext {
  readonly recipe: Recipe;
  readonly guestPackage: GuestPackage;
  readonly identity: BakeIdentity;
  readonly directory: BuilderDirectory;
  readonly userId: number;
  readonly signal: AbortSignal | undefined;
  /** Runs a program of the host and writes its output to the bake's log. */
  readonly run: RunBakeCommand;
  /** The same as root, in namespaces that end with the program. */
  readonly runAsRoot: RunBakeCommand;
  report(progress: { readonly fraction?: number; readonly message?: string }): void;
  /** Reports to the operator a problem that the bake works around. */
  warn(message: string, error: unknown): void;
}

export interface Stage {
  readonly name: string;
  run(context: BakeContext): Promise<void>;
}
