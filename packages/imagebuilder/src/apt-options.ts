/** The options of the host's apt configuration that decide whether and how packages can be fetched. */
const keptOptions = [
  /^Acquire::(http|https|ftp)::(Proxy|Proxy-Auto-Detect)(::.+)?$/,
  /^Acquire::https::(CaInfo|CaPath|Verify-Peer|Verify-Host|SslCert|SslKey)(::.+)?$/,
  /^Acquire::(Check-Valid-Until|Check-Date|Retries|ForceIPv4|ForceIPv6)$/,
];

/** Lines of an apt.conf from the output of `apt-config dump`. */
export function fetchOptions(dump: string): string {
  return dump
    .split('\n')
    .filter((line) => {
      const name = /^(\S+) ".*";$/.exec(line)?.[1];
      return name !== undefined && keptOptions.some((pattern) => pattern.test(name));
    })
    .map((line) => `${line}\n`)
    .join('');
}
