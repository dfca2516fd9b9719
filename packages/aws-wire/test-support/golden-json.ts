import type { Shape } from '@bakehouse/aws-model';

/** Times as ISO 8601 and bytes as base64, so that a value can stand in a golden file. */
export function toGoldenJson(value: unknown): string {
  const bytesAsText = (_: string, inner: unknown) =>
    inner instanceof Uint8Array ? Buffer.from(inner).toString('base64') : inner;
  return `${JSON.stringify(value, bytesAsText, 2)}\n`;
}

/** The value that the JSON of a golden file stands for, by the model's shape. */
export function fromGoldenJson(shape: Shape, json: unknown): unknown {
  if (shape.kind === 'timestamp') return new Date(String(json));
  if (shape.kind === 'blob' || shape.kind === 'stream')
    return new Uint8Array(Buffer.from(String(json), 'base64'));
  if (shape.kind === 'list' && Array.isArray(json)) {
    return json.map((item) => fromGoldenJson(shape.element, item));
  }
  if (shape.kind === 'map' && typeof json === 'object' && json !== null) {
    const entries = Object.entries(json);
    return Object.fromEntries(entries.map(([k, v]) => [k, fromGoldenJson(shape.value, v)]));
  }
  if (shape.kind !== 'structure' || typeof json !== 'object' || json === null) return json;
  const entries = Object.entries(json).map(([name, inner]) => {
    const member = shape.members.find((one) => one.name === name);
    if (member === undefined) throw new Error(`${shape.name} has no member ${name}`);
    return [name, fromGoldenJson(member.shape, inner)];
  });
  return Object.fromEntries(entries);
}
