import type { JsonObject, QemuBlockdevs } from '@bakehouse/qmp';

/** A chain in one object, as `qemu-img` and `qemu-io` take it after `json:`. */
export function nestedChain(chain: QemuBlockdevs): JsonObject {
  const nodes = new Map(chain.map((node) => [node['node-name'], node]));
  const inline = (value: unknown): unknown => {
    const node = typeof value === 'string' ? nodes.get(value) : undefined;
    return node ? nested(node) : value;
  };
  const nested = ({ 'node-name': _, ...node }: JsonObject): JsonObject => ({
    ...node,
    ...('file' in node ? { file: inline(node.file) } : {}),
    ...('backing' in node ? { backing: inline(node.backing) } : {}),
  });
  const disk = chain.at(-1);
  if (!disk) throw new Error('a chain has nodes');
  return nested(disk);
}
