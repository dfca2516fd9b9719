/**
 * Filter names exist only in the words of the model: the documentation of a `Filters` (or `Filter`)
 * member lists `<code>name</code> - meaning`, one per item of its outermost list; lists further in
 * hold values. `tag:<key>` stands for any name that begins with `tag:`.
 */
const filterMember = /\/\*\*((?:(?!\*\/)[\s\S])*?)\*\/\s*Filters?\??: Filter\[\]/g;
const interfaceHead = /^export interface (\w+)/gm;
const listTag = /<\/?(?:ul|ol|dl)>|<li>/g;
const namedItem =
  /^\s*(?:<p>\s*)*<code>\s*([\w.:/<>-]+)\s*<\/code>\s*(:\s*<[^>]+>)?\s*(?:-|–|—|:|\(|$)/;
/** Said of subnets: "You can also use <code>cidr</code> or <code>cidrBlock</code> as …". */
const aliases = /You can also use\s+((?:<code>\w+<\/code>[\s,]*(?:or\s+)?)+)as the filter name/g;

/** Interface name to the filter names that its documentation lists, in order of appearance. */
export function filterNamesByInterface(declarations: string): Map<string, string[]> {
  const heads = [...declarations.matchAll(interfaceHead)];
  const found = new Map<string, string[]>();
  let head = 0;
  for (const match of declarations.matchAll(filterMember)) {
    while ((heads[head + 1]?.index ?? Number.POSITIVE_INFINITY) < match.index) head += 1;
    const owner = heads[head]?.[1];
    const names = namesInWords(match[1] ?? '');
    if (owner !== undefined && names.length > 0) found.set(owner, names);
  }
  return found;
}

function namesInWords(comment: string): string[] {
  const words = comment
    .replace(/^\s*\* ?/gm, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>');
  const listed = outermostItems(words).flatMap((item) => {
    const [, name, suffix] = namedItem.exec(item) ?? [];
    return name === undefined ? [] : [filterName(name, suffix)];
  });
  const also = [...words.matchAll(aliases)].flatMap(([, names = '']) =>
    [...names.matchAll(/<code>(\w+)/g)].map(([, name = '']) => name),
  );
  return [...new Set([...listed, ...also])];
}

/** The words from each item of an outermost list on. */
function outermostItems(words: string): string[] {
  const items: string[] = [];
  let depth = 0;
  for (const { 0: tag, index } of words.matchAll(listTag)) {
    if (tag !== '<li>') depth += tag.startsWith('</') ? -1 : 1;
    else if (depth === 1) items.push(words.slice(index + tag.length));
  }
  return items;
}

/**
 * `tag</code>:<key>`, `tag:<key></code>` and, where the words lost their key, `tag` are one filter.
 */
function filterName(code: string, suffix: string | undefined): string {
  if (suffix !== undefined || code === 'tag') return `${code}:<key>`;
  return code.replace(/:<[^>]*>$/, ':<key>');
}
