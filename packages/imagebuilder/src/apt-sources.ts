/** One repository of one suite. */
export interface AptSource {
  readonly uri: string;
  readonly suite: string;
  /** The keyring file that the host's entry names. */
  readonly signedBy?: string;
}

const debianKeyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
/** The path of a Debian mirror ends like this. Other vendors use the same suite names with other paths. */
const debianPath = /\/debian(-security)?\/?$/;

function defaultSources(suite: string): AptSource[] {
  const uri = 'http://deb.debian.org/debian';
  return [
    { uri, suite, signedBy: debianKeyring },
    { uri, suite: `${suite}-updates`, signedBy: debianKeyring },
    { uri: `${uri}-security`, suite: `${suite}-security`, signedBy: debianKeyring },
  ];
}

/**
 * The host's Debian repositories for a suite, its updates and its security updates; Debian's own when the host has
 * none. `files` are those of /etc/apt; see sources.list(5).
 */
export function debianSources(
  files: readonly { readonly path: string; readonly text: string }[],
  suite: string,
): AptSource[] {
  const wanted = [suite, `${suite}-updates`, `${suite}-security`];
  const found = files
    .flatMap(({ path, text }) => (path.endsWith('.sources') ? parseStanzas(text) : parseList(text)))
    .filter((source) => wanted.includes(source.suite) && debianPath.test(source.uri));
  const unique = new Map(found.map((source) => [`${source.uri} ${source.suite}`, source]));
  return found.some((source) => source.suite === suite)
    ? [...unique.values()]
    : defaultSources(suite);
}

/** A line for sources.list, component main only. */
export function sourceLine({ uri, suite, signedBy }: AptSource): string {
  const options = signedBy === undefined ? '' : `[signed-by=${signedBy}] `;
  return `deb ${options}${uri} ${suite} main`;
}

/** One-line style: `deb [options] uri suite component…`. */
function parseList(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]*)/.exec(line);
    const [, options = '', uri, suite, components = ''] = match ?? [];
    if (uri === undefined || suite === undefined) return [];
    if (!components.split(/\s+/).includes('main')) return [];
    const signedBy = /(?:^|\s)signed-by=(\/\S+)/.exec(options)?.[1];
    return [{ uri, suite, ...(signedBy === undefined ? {} : { signedBy }) }];
  });
}

/** deb822 style: stanzas of `Field: value` lines, separated by empty lines. */
function parseStanzas(text: string): AptSource[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = stanzaFields(stanza);
    const words = (name: string) => (fields.get(name) ?? '').split(/\s+/).filter(Boolean);
    const isUsable =
      words('types').includes('deb') &&
      words('components').includes('main') &&
      fields.get('enabled')?.toLowerCase() !== 'no';
    if (!isUsable) return [];
    const [signedBy] = words('signed-by').filter((word) => word.startsWith('/'));
    return words('uris').flatMap((uri) =>
      words('suites').map((suite) => ({
        uri,
        suite,
        ...(signedBy === undefined ? {} : { signedBy }),
      })),
    );
  });
}

function stanzaFields(stanza: string): Map<string, string> {
  const fields = new Map<string, string>();
  let current = '';
  for (const line of stanza.split('\n')) {
    if (line.startsWith('#')) continue;
    const match = /^([A-Za-z-]+):(.*)$/.exec(line);
    if (match?.[1] !== undefined) current = match[1].toLowerCase();
    const value = match === null ? line : (match[2] ?? '');
    if (current !== '') fields.set(current, `${fields.get(current) ?? ''} ${value}`.trim());
  }
  return fields;
}
