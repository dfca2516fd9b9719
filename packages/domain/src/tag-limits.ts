/** AWS's bounds of the tags of one resource ("Tag restrictions"); lengths in Unicode characters. */
export const tagLimits = { perResource: 50, keyLength: 128, valueLength: 256 };

/** How many Unicode characters a text has. */
export const characterCount = (text: string): number => Array.from(text).length;
