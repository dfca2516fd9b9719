/** The user and password of a URL: `http://user:password@mirror/`. */
const urlCredentials = /(\b[a-z][a-z0-9+.-]*:\/\/)[^/\s@'"]+@/gi;

/** Text for logs and errors: without these secrets and without credentials in URLs. */
export function redact(text: string, secrets: readonly string[] = []): string {
  const withoutSecrets = secrets
    .filter((secret) => secret !== '')
    .reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
  return withoutSecrets.replace(urlCredentials, '$1***@');
}
