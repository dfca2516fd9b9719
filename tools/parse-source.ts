import { parseSync } from 'oxc-parser';

export interface SourceFunction {
  /** `name`, or `(anonymous)`. */
  readonly name: string;
  readonly line: number;
  readonly lines: number;
}

export interface ParsedSource {
  /** What `import`, `export … from`, `import()` and `import.meta.resolve()` name. */
  readonly imports: readonly string[];
  /** Names that are declared and exported here; re-exports do not count. */
  readonly exported: readonly string[];
  /** Functions, methods and callbacks. Suites (see `isSuite`) are no functions. */
  readonly functions: readonly SourceFunction[];
  /** The types of `as` and of `<T>value`, as they are written. */
  readonly casts: readonly string[];
  /** Strings and templates, with `…` in place of what templates insert. */
  readonly literals: readonly string[];
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [member: string]: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

function* children(node: Node): Iterable<Node> {
  for (const member of Object.values(node)) {
    if (isNode(member)) yield member;
    else if (Array.isArray(member)) yield* member.filter(isNode);
  }
}

/** Each node with its parent, the outer ones first. */
function* walk(
  node: object,
  parent?: Node,
): Iterable<readonly [node: Node, parent: Node | undefined]> {
  if (!isNode(node)) return;
  yield [node, parent];
  for (const child of children(node)) yield* walk(child, node);
}

const functionTypes = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
]);

/** `describe` of `describe(…)`, `describe.each(…)(…)` and `describe.skipIf(…)(…)`. */
function calledName(node: unknown): string {
  if (!isNode(node)) return '';
  if (node.type === 'Identifier') return String(node.name);
  if (node.type === 'CallExpression' || node.type === 'TaggedTemplateExpression') {
    return calledName(node.callee ?? node.tag);
  }
  return node.type === 'MemberExpression' ? calledName(node.object) : '';
}

const isDescribeCall = (node: unknown) =>
  isNode(node) && node.type === 'CallExpression' && calledName(node) === 'describe';

/** A list of tests: a callback of `describe`, or a function that only wraps one. It is bounded as a file is. */
function isSuite(node: Node, parent: Node | undefined): boolean {
  if (isDescribeCall(parent)) return true;
  const { body } = node;
  const statements = isNode(body) && Array.isArray(body.body) ? body.body.filter(isNode) : [];
  return statements.some(
    (each) => each.type === 'ExpressionStatement' && isDescribeCall(each.expression),
  );
}

function nameOf(node: Node, parent: Node | undefined): string {
  for (const each of [node.id, parent?.id, parent?.key]) {
    if (isNode(each) && each.type === 'Identifier') return String(each.name);
  }
  return '(anonymous)';
}

/** `import.meta.resolve('NAME')` starts a program from another package. */
function resolvedName(node: Node): string | undefined {
  if (node.type !== 'CallExpression' || !Array.isArray(node.arguments)) return undefined;
  const { callee, arguments: given } = node;
  const isResolve =
    isNode(callee) &&
    callee.type === 'MemberExpression' &&
    isNode(callee.object) &&
    callee.object.type === 'MetaProperty' &&
    isNode(callee.property) &&
    callee.property.name === 'resolve';
  const [first] = given;
  return isResolve && isNode(first) && typeof first.value === 'string' ? first.value : undefined;
}

type Parsed = Pick<ReturnType<typeof parseSync>, 'module' | 'program'>;

function importsOf({ module, program }: Parsed, text: string): readonly string[] {
  const isQuote = /['"`]/g;
  const reexports = module.staticExports.flatMap(({ entries }) => entries);
  return [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...reexports.flatMap(({ moduleRequest }) => moduleRequest?.value ?? []),
    ...module.dynamicImports.map(({ moduleRequest: { start, end } }) =>
      text.slice(start, end).replaceAll(isQuote, ''),
    ),
    ...[...walk(program)].flatMap(([node]) => resolvedName(node) ?? []),
  ];
}

function exportedNames({ module }: Parsed): readonly string[] {
  const entries = module.staticExports.flatMap((each) => each.entries);
  return entries.flatMap(({ moduleRequest, exportName }) =>
    moduleRequest ? [] : (exportName.name ?? []),
  );
}

function functionsOf({ program }: Parsed, text: string): readonly SourceFunction[] {
  const lineStarts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  const lineOf = (offset: number) => lineStarts.findLastIndex((start) => start <= offset) + 1;
  return [...walk(program)]
    .filter(([node, parent]) => functionTypes.has(node.type) && !isSuite(node, parent))
    .map(([node, parent]) => {
      const line = lineOf(node.start);
      return { name: nameOf(node, parent), line, lines: lineOf(node.end) - line + 1 };
    });
}

function castsOf({ program }: Parsed, text: string): readonly string[] {
  return [...walk(program)].flatMap(([{ type, typeAnnotation }]) =>
    /^TS(?:As|TypeAssertion)/.test(type) && isNode(typeAnnotation)
      ? text.slice(typeAnnotation.start, typeAnnotation.end)
      : [],
  );
}

/** The text of a string or template; undefined for other nodes. */
function literalOf({ type, value, quasis }: Node): string | undefined {
  if (type === 'Literal') return typeof value === 'string' ? value : undefined;
  if (type !== 'TemplateLiteral' || !Array.isArray(quasis)) return undefined;
  const parts = quasis.map((quasi: { value: { cooked: string } }) => quasi.value.cooked);
  return parts.join('…');
}

export function parseSource(path: string, text: string): ParsedSource {
  const parsed = parseSync(path, text);
  const [error] = parsed.errors;
  if (error) throw new Error(`${path}: ${error.message}`);
  return {
    imports: importsOf(parsed, text),
    exported: exportedNames(parsed),
    functions: functionsOf(parsed, text),
    casts: castsOf(parsed, text),
    literals: [...walk(parsed.program)].flatMap(([node]) => literalOf(node) ?? []),
  };
}
