import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { type ParsedSource, parseSource } from './parse-source.ts';

export const root = join(import.meta.dirname, '..');

export interface SourceFile extends ParsedSource {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
  /** `packages/domain`, `services/ec2`, `apps/cli`, or the folder itself: `tests`, `bench`, `tools`, `scripts`. */
  readonly home: string;
  /** Tests, their fixtures and benchmarks: what does not run in production. */
  readonly isTest: boolean;
}

/** A workspace: a folder with a `package.json` of its own. */
export interface Member {
  /** Without `@bakehouse/`. */
  readonly name: string;
  readonly home: string;
  readonly declared: readonly string[];
  readonly declaredForTests: readonly string[];
  /** What others may import, as `@bakehouse/NAME` or `@bakehouse/NAME/PART`, to the file that it means. */
  readonly exports: ReadonlyMap<string, string>;
}

const scope = '@bakehouse/';

interface PackageJson {
  readonly name: string;
  readonly dependencies?: object;
  readonly devDependencies?: object;
  readonly exports?: Readonly<Record<string, string>>;
}

const tracked = (...patterns: readonly string[]): readonly string[] =>
  execFileSync('git', ['ls-files', '-co', '--exclude-standard', '--', ...patterns], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\n')
    // A file that was deleted and not committed yet is still listed.
    .filter((path) => path !== '' && existsSync(join(root, path)));

const ownNames = (dependencies: object | undefined): readonly string[] =>
  Object.keys(dependencies ?? {})
    .filter((name) => name.startsWith(scope))
    .map((name) => name.slice(scope.length));

function readMember(path: string): Member {
  const json: PackageJson = JSON.parse(readFileSync(join(root, path), 'utf8'));
  const home = dirname(path);
  return {
    name: json.name.slice(scope.length),
    home,
    declared: ownNames(json.dependencies),
    declaredForTests: ownNames(json.devDependencies),
    exports: new Map(
      Object.entries(json.exports ?? {}).map(([part, file]) => [
        `${json.name}${part.slice(1)}`,
        normalize(join(home, file)),
      ]),
    ),
  };
}

export const members: readonly Member[] = tracked(
  'packages/*/package.json',
  'services/*/package.json',
  'apps/*/package.json',
).map(readMember);

/** What the root itself declares, for `tests`, `bench`, `tools` and `scripts`. */
export const rootMember: Member = readMember('package.json');

const homeOf = (path: string): string =>
  members.find(({ home }) => path.startsWith(`${home}/`))?.home ?? path.split('/')[0] ?? '';

const testPattern =
  /\.test\.ts$|\/(?:testing|test-support|integration|bench)\/|^(?:tests|bench|tools|scripts)\//;

function readSource(path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8');
  const isTest = testPattern.test(path) || path.startsWith('packages/testkit/');
  return { path, text, home: homeOf(path), isTest, ...parseSource(path, text) };
}

/** Every TypeScript file of the repository that is not generated. */
export const sources: readonly SourceFile[] = tracked('*.ts')
  .filter((path) => !path.includes('/generated/'))
  .map(readSource);

/** The pages for readers, but for the changelog, which quotes the past. */
export const pages: readonly { readonly path: string; readonly text: string }[] = tracked('*.md')
  .filter((path) => path !== 'CHANGELOG.md')
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

const exportedFiles = new Map(members.flatMap((member) => [...member.exports]));

/** The file that an import means; undefined for one of npm's or Node's. */
export function importedFile({ path }: SourceFile, name: string): string | undefined {
  return name.startsWith('.') ? normalize(join(dirname(path), name)) : exportedFiles.get(name);
}

/** The package of ours that an import names, without `@bakehouse/`. */
export const importedMember = (name: string): string | undefined =>
  name.startsWith(scope) ? name.slice(scope.length).split('/')[0] : undefined;
