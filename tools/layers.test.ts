import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

/** The layers of ARCHITECTURE.md: a package imports only from lower ones, and adapters never each other. */
const layers: Readonly<Record<string, number>> = {
  base: 0,
  'aws-model': 1,
  domain: 1,
  qmp: 1,
  'aws-wire': 2,
  control: 2,
  'metadata-sql': 2,
  blockstore: 2,
  nbd: 2,
  'compute-qemu': 2,
  volumes: 2,
  network: 2,
  imds: 2,
  imagebuilder: 2,
  fakes: 2,
  testkit: 3,
  server: 4,
  cli: 5,
};

const root = join(import.meta.dirname, '..');

interface Member {
  readonly name: string;
  readonly folder: string;
  readonly declared: readonly string[];
  readonly declaredForTests: readonly string[];
}

function members(): Member[] {
  return ['packages', 'apps'].flatMap((parent) =>
    readdirSync(join(root, parent)).map((name) => {
      const folder = join(root, parent, name);
      const json = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const own = (record: object | undefined) =>
        Object.keys(record ?? {})
          .filter((each) => each.startsWith('@bakehouse/'))
          .map((each) => each.slice('@bakehouse/'.length));
      return {
        name,
        folder,
        declared: own(json.dependencies),
        declaredForTests: own(json.devDependencies),
      };
    }),
  );
}

function sources(folder: string): string[] {
  return readdirSync(join(folder, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

const isTest = (path: string) => /\.test\.ts$|\/testing\//.test(path);

/** What is named by `import`, `export … from`, `import()` and `import.meta.resolve()`. */
function namesOf(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  const named = /(?:from|import|import\(|import\.meta\.resolve\()\s*'([^']+)'/g;
  return [...text.matchAll(named)].map((match) => match[1] ?? '');
}

function importsOf(path: string): string[] {
  return namesOf(path)
    .filter((name) => name.startsWith('@bakehouse/'))
    .map((name) => name.split('/')[1] ?? '');
}

test.each(members().map((member) => [member.name, member] as const))(
  '%s declares only packages of lower layers',
  (name, member) => {
    const own = layers[name];
    expect(own, `${name} has a layer in tools/layers.test.ts`).toBeDefined();
    for (const dependency of member.declared) {
      expect(layers[dependency], `${name} → ${dependency}`).toBeLessThan(own ?? 0);
    }
  },
);

test.each(members().map((member) => [member.name, member] as const))(
  '%s imports only what it declares',
  (_, member) => {
    for (const path of sources(member.folder)) {
      const allowed = [
        member.name,
        ...member.declared,
        ...(isTest(path) ? member.declaredForTests : []),
      ];
      for (const imported of importsOf(path)) {
        expect(allowed, `${path.slice(root.length + 1)} imports ${imported}`).toContain(imported);
      }
    }
  },
);

test.each(members().map((member) => [member.name, member] as const))(
  '%s reaches other packages by their names only',
  (_, { folder }) => {
    for (const path of sources(folder)) {
      for (const name of namesOf(path).filter((each) => each.startsWith('.'))) {
        expect(join(dirname(path), name), path).toContain(`${folder}/`);
      }
    }
  },
);

test('only the server names an adapter', () => {
  const seams = ['base', 'aws-model', 'domain', 'qmp', 'aws-wire', 'control', 'testkit'];
  const adapters = members()
    .filter(({ name, folder }) => folder.includes('/packages/') && !seams.includes(name))
    .map(({ name }) => name);
  expect(adapters).toContain('imagebuilder');
  for (const member of members().filter(({ name }) => name !== 'server')) {
    for (const dependency of member.declared) expect(adapters).not.toContain(dependency);
  }
});
