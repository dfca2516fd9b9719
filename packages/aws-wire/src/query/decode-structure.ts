import type { ListShape, Member, Shape, StructureShape } from '@bakehouse/aws-model';
import { apiError } from '@bakehouse/domain';
import { decodeScalar } from './decode-scalar.ts';
import { type FormParameter, shown } from './form-parameters.ts';

/** A place in the request: the parameters below it and how many parts of their names lead to it. */
interface Place {
  readonly parameters: readonly FormParameter[];
  readonly depth: number;
}

const listIndexPattern = /^[1-9]\d{0,5}$/;

/**
 * The object that flat parameters describe, by EC2's rules: members by their Query name, lists as
 * `Name.1`, `Name.2`, … whose gaps close up. Objects are made with the model's names alone, so no
 * parameter can name anything else. Refuses with `UnknownParameter`, `MissingParameter` and
 * `InvalidParameterValue`.
 */
export function decodeStructure(
  shape: StructureShape,
  parameters: readonly FormParameter[],
): Record<string, unknown> {
  return structureAt(shape, { parameters, depth: 0 });
}

function structureAt(shape: StructureShape, place: Place): Record<string, unknown> {
  const found = new Map<string, unknown>();
  for (const [segment, below] of groupBySegment(place)) {
    const member = shape.memberByQueryName(segment);
    if (member === undefined) throw unknownParameter(below[0]);
    const value = valueAt(member.shape, member.sensitive, {
      parameters: below,
      depth: place.depth + 1,
    });
    if (value !== undefined) found.set(member.name, value);
  }
  const missing = shape.members.find((member) => member.required && !found.has(member.name));
  if (missing !== undefined) throw missingParameter(missing, place);
  return Object.fromEntries(found);
}

function valueAt(shape: Shape, sensitive: boolean, place: Place): unknown {
  switch (shape.kind) {
    case 'structure':
      return structureAt(shape, place);
    case 'list':
      return listAt(shape, sensitive || shape.sensitive, place);
    default: {
      const [parameter, ...more] = place.parameters;
      const deeper = [parameter, ...more].find((one) => one?.path.length !== place.depth);
      if (parameter === undefined || deeper !== undefined) throw unknownParameter(deeper);
      return decodeScalar(shape.kind, parameter, sensitive);
    }
  }
}

/** A bare `Name=` is how some clients write an empty list; it is the same as none. */
function listAt(shape: ListShape, sensitive: boolean, place: Place): unknown[] | undefined {
  const [only] = place.parameters;
  if (only?.path.length === place.depth && only.value === '' && place.parameters.length === 1) {
    return undefined;
  }
  const groups = [...groupBySegment(place)].map(([segment, parameters]) => {
    if (!listIndexPattern.test(segment)) throw unknownParameter(parameters[0]);
    return { index: Number(segment), parameters };
  });
  groups.sort((a, b) => a.index - b.index);
  return groups.map(({ parameters }) =>
    valueAt(shape.element, sensitive, { parameters, depth: place.depth + 1 }),
  );
}

/** A parameter that ends here, where a structure or list is, has no segment and is not known. */
function groupBySegment(place: Place): Map<string, FormParameter[]> {
  const groups = new Map<string, FormParameter[]>();
  for (const parameter of place.parameters) {
    const segment = parameter.path[place.depth];
    if (segment === undefined) throw unknownParameter(parameter);
    const group = groups.get(segment);
    if (group === undefined) groups.set(segment, [parameter]);
    else group.push(parameter);
  }
  return groups;
}

function unknownParameter(parameter: FormParameter | undefined) {
  return apiError('UnknownParameter', { parameter: shown(parameter?.name ?? '') });
}

function missingParameter(member: Member, place: Place) {
  const prefix = place.parameters[0]?.path.slice(0, place.depth) ?? [];
  return apiError('MissingParameter', { parameter: [...prefix, member.queryName].join('.') });
}
