import { expect, test } from 'vitest';
import {
  importedFile,
  importedMember,
  type Member,
  members,
  rootMember,
  type SourceFile,
  sources,
} from './source-tree.ts';

/** ARCHITECTURE.md: a package imports only from lower layers, so packages of one layer never each other. */
const layers: Readonly<Record<string, number>> = {
  base: 0,
  'admin-api': 1,
  host: 1,
  'aws-model': 1,
  domain: 1,
  qmp: 1,
  'aws-wire': 2,
  'workflow-engine': 2,
  'record-store': 2,
  blockstore: 2,
  nbd: 2,
  'compute-qemu': 2,
  volumes: 2,
  network: 2,
  imds: 2,
  imagebuilder: 2,
  fakes: 2,
  'metadata-sqlite': 3,
  'metadata-postgres': 3,
  orchestration: 3,
  testkit: 3,
  ec2: 4,
  ssm: 4,
  sts: 4,
  server: 5,
  cli: 6,
};

/** They implement ports; what is above them knows the ports only. */
const adapters = [
  'metadata-sqlite',
  'metadata-postgres',
  'blockstore',
  'nbd',
  'compute-qemu',
  'volumes',
  'network',
  'imds',
  'imagebuilder',
  'fakes',
];

const layerOf = (name: string): number => layers[name] ?? Number.NaN;
const isProduct = ({ isTest }: SourceFile) => !isTest;
const sourcesOf = ({ home }: Member) => sources.filter((source) => source.home === home);
const each = members.map((member) => [member.name, member] as const);

/** Every import in these files as `PATH imports NAME`, of those that break a rule. */
const breaches = (
  of: readonly SourceFile[],
  breaks: (source: SourceFile, name: string) => boolean,
): readonly string[] =>
  of.flatMap((source) =>
    source.imports
      .filter((name) => breaks(source, name))
      .map((name) => `${source.path} imports ${name}`),
  );

test('every package has a layer, and every layer a package', () => {
  expect(Object.keys(layers).sort()).toEqual(members.map(({ name }) => name).sort());
});

test.each(each)('%s declares only packages of lower layers', (name, member) => {
  const above = member.declared.filter((other) => !(layerOf(other) < layerOf(name)));
  expect(above).toEqual([]);
});

test.each(each)('%s declares nothing above its layer for its tests', (name, member) => {
  // A contract suite is above the adapter that it tests.
  const above = member.declaredForTests.filter(
    (other) => other !== 'testkit' && layerOf(other) > layerOf(name),
  );
  expect(above).toEqual([]);
});

test.each(each)('%s imports only what it declares, by its name', (_, member) => {
  const declared = new Set([member.name, ...member.declared]);
  const forTests = new Set([...declared, ...member.declaredForTests]);
  const broken = breaches(sourcesOf(member), (source, name) => {
    const other = importedMember(name);
    if (other !== undefined) {
      const isKnown = importedFile(source, name) !== undefined;
      return !isKnown || !(source.isTest ? forTests : declared).has(other);
    }
    return name.startsWith('.') && !importedFile(source, name)?.startsWith(`${member.home}/`);
  });
  expect(broken).toEqual([]);
});

test('tests, bench, tools and scripts import only what the root declares, by its name', () => {
  const declared = new Set([...rootMember.declared, ...rootMember.declaredForTests]);
  const outside = sources.filter(({ home }) => !members.some((member) => member.home === home));
  expect(new Set(outside.map(({ home }) => home))).toEqual(
    new Set(['tests', 'bench', 'tools', 'scripts', 'vitest.config.ts']),
  );
  const broken = breaches(outside, (source, name) => {
    const other = importedMember(name);
    if (other !== undefined) return !importedFile(source, name) || !declared.has(other);
    const file = name.startsWith('.') ? (importedFile(source, name) ?? '') : '';
    return members.some(({ home }) => file.startsWith(`${home}/`));
  });
  expect(broken).toEqual([]);
});

test('only the server names an adapter in what runs in production', () => {
  const declaring = members.flatMap(({ name, declared }) =>
    declared.filter((other) => adapters.includes(other)).map((other) => `${name} → ${other}`),
  );
  expect(declaring.filter((arrow) => !arrow.startsWith('server → '))).toEqual([]);
  const product = sources.filter((source) => isProduct(source) && source.home !== 'apps/server');
  const broken = breaches(product, (source, name) => {
    const other = importedMember(name) ?? '';
    return adapters.includes(other) && !source.home.endsWith(`/${other}`);
  });
  expect(broken).toEqual([]);
});

test('only adapters and apps know processes, sockets and paths of the host', () => {
  const mayKnow = new Set([...adapters, 'server', 'cli']);
  const knowing = members.filter(({ declared }) => declared.includes('host'));
  expect(knowing.map(({ name }) => name).filter((name) => !mayKnow.has(name))).toEqual([]);
});

/** The programs' beginnings, the PATH that child programs get, and what libpq's own variables say. */
const environmentReaders = [
  'apps/cli/src/main.ts',
  'apps/server/src/main.ts',
  'packages/host/src/program-environment.ts',
  'packages/metadata-postgres/src/postgres-client.ts',
];

test('a program reads its environment in one place', () => {
  const product = sources.filter(isProduct);
  const readers = product
    .filter(({ text }) => text.includes('process.env'))
    .map(({ path }) => path);
  expect(readers.sort()).toEqual(environmentReaders);
});

const operationFolder = (path: string | undefined) =>
  /^services\/[^/]+\/src\/operations\/[^/]+\//.exec(path ?? '')?.[0];

test("no operation imports from another resource's folder", () => {
  const operations = sources.filter(({ path }) => operationFolder(path));
  expect(operations.length).toBeGreaterThan(100);
  const broken = breaches(operations, (source, name) => {
    const other = operationFolder(importedFile(source, name));
    return other !== undefined && other !== operationFolder(source.path);
  });
  expect(broken).toEqual([]);
});
