/**
 * Text for an XML 1.0 element. A carriage return is written as a reference, for a parser would read
 * it as a line feed; characters that XML cannot hold at all (most controls, lone surrogates,
 * U+FFFE, U+FFFF) become U+FFFD, for one of them in a tag would make the whole response unreadable.
 */
export function escapeXml(text: string): string {
  return suspicious.test(text) ? text.toWellFormed().replace(special, replacement) : text;
}

const special = /[&<>\r\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
const suspicious = /[&<>\r\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]/;

const references: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\r': '&#xD;',
};

function replacement(character: string): string {
  return references[character] ?? '\ufffd';
}
