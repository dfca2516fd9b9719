import { generatedJson } from './generated-json.ts';
import type { StructureShape } from './shape.ts';
import { type ShapeData, type ShapeTable, shapeTable } from './shape-table.ts';

export const stsApiVersion = '2011-06-15';

/** Operations of the security token service that this product knows. */
export type StsOperationName = 'GetCallerIdentity';

const data = generatedJson<ShapeData>('sts-shapes.json');
let opened: ShapeTable | undefined;

function table(): ShapeTable {
  opened ??= shapeTable(data());
  return opened;
}

export function isStsOperation(name: string): name is StsOperationName {
  return table().has(name);
}

export const stsShapes = {
  input: (operation: StsOperationName): StructureShape => table().input(operation),
  output: (operation: StsOperationName): StructureShape => table().output(operation),
};
