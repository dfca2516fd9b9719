import { readFileSync } from 'node:fs';

/** A generated table, read at its first use, so that importing this package costs nothing. */
export function generatedJson<Content>(name: string): () => Content {
  const read = (): Content =>
    JSON.parse(readFileSync(new URL(`./generated/${name}`, import.meta.url), 'utf8'));
  let kept: { readonly content: Content } | undefined;
  return () => {
    kept ??= { content: read() };
    return kept.content;
  };
}
