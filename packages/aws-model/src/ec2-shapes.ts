import type { Ec2OperationName } from './ec2-operations.ts';
import { generatedJson } from './generated-json.ts';
import type { StructureShape } from './shape.ts';
import { type ShapeData, type ShapeTable, shapeTable } from './shape-table.ts';

/** The API version that the model describes; requests name it, answers carry it in the namespace. */
export const ec2ApiVersion = '2016-11-15';

const data = generatedJson<ShapeData>('ec2-shapes.json');
let opened: ShapeTable | undefined;

function table(): ShapeTable {
  opened ??= shapeTable(data());
  return opened;
}

/** True for the name of an operation that EC2's model has, whether or not it is served here. */
export function isEc2Operation(name: string): name is Ec2OperationName {
  return table().has(name);
}

/** The shapes of EC2's operations. An operation that takes or answers nothing has no members. */
export const ec2Shapes = {
  input: (operation: Ec2OperationName): StructureShape => table().input(operation),
  output: (operation: Ec2OperationName): StructureShape => table().output(operation),
  operationNames: () => table().operationNames().filter(isEc2Operation),
};
