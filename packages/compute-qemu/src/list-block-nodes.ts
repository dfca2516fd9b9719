import { isJsonObject, type QmpClient } from '@bakehouse/qmp';

export interface BlockNode {
  readonly name: string;
  readonly driver: string;
  /** The file's path, for driver `file`. */
  readonly file: string;
  readonly sizeBytes: number;
}

export async function listBlockNodes(client: QmpClient): Promise<readonly BlockNode[]> {
  const nodes = await client.execute('query-named-block-nodes', { flat: true });
  if (!Array.isArray(nodes)) return [];
  return nodes.filter(isJsonObject).map((node) => {
    const image = isJsonObject(node.image) ? node.image : {};
    return {
      name: `${node['node-name']}`,
      driver: `${node.drv}`,
      file: `${node.file}`,
      sizeBytes: Number(image['virtual-size'] ?? 0),
    };
  });
}
