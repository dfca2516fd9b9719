import { isRecordKind, type RecordConverter } from '@bakehouse/domain';

/** A row's body after a migration; undefined when it stays as it is. Kinds that this program does not know stay. */
export function convertBody(
  convert: RecordConverter,
  { kind, body }: { readonly kind: string; readonly body: string },
): string | undefined {
  if (!isRecordKind(kind)) return undefined;
  const converted = JSON.stringify(convert(kind, JSON.parse(body)));
  return converted === body ? undefined : converted;
}
