import type {
  ListShape,
  MapShape,
  Member,
  ScalarShape,
  Shape,
  StructureShape,
} from '@bakehouse/aws-model';
import { apiError, type ErrorDetails } from '@bakehouse/domain';
import { decodeScalar, shown } from '../scalars/decode-scalar.ts';
import type { FormParameter } from './form-parameters.ts';

/** In what the two Query protocols differ. */
export interface QueryRules {
  /** EC2 counts lists as `Name.1`; elsewhere, unless flattened, as `Name.member.1`. */
  readonly flatLists: boolean;
  /**
   * EC2 takes what its clients have always sent: a list of one without its number, and the values of
   * an enum in any case and with outer blanks.
   */
  readonly lenient: boolean;
  /** How the service refuses bad values of single parameters, where it has words of its own. */
  readonly refusals?: ReadonlyMap<string, ErrorDetails<'InvalidParameterValue'>>;
  /** What a bare `Name=` of a list means. */
  readonly emptyList: 'absent' | 'empty';
}

/** A place in the request: the parameters below it and how many parts of their names lead to it. */
interface Place {
  readonly parameters: readonly FormParameter[];
  readonly depth: number;
}

/** What a member says of its value beside the shape. */
type Marks = Pick<Member, 'sensitive' | 'flattened'>;

/** Most clients count from 1, some from 0. */
const listIndexPattern = /^(?:0|[1-9]\d{0,5})$/;

/**
 * The object that flat parameters describe: members by their Query name, lists and maps counted,
 * with gaps closed. Objects are made with the model's names alone, so no parameter can name
 * anything else. Throws `UnknownParameter`, `MissingParameter` and `InvalidParameterValue`.
 */
export function decodeParameters(
  shape: StructureShape,
  parameters: readonly FormParameter[],
  rules: QueryRules,
): Record<string, unknown> {
  return structureAt(shape, { parameters, depth: 0 }, rules);
}

function structureAt(
  shape: StructureShape,
  place: Place,
  rules: QueryRules,
): Record<string, unknown> {
  const found = new Map<string, unknown>();
  for (const [segment, below] of groupBySegment(place)) {
    const member = shape.memberByQueryName(segment);
    if (member === undefined) throw unknownParameter(below[0]);
    const inner = { parameters: below, depth: place.depth + 1 };
    const value = valueAt(member.shape, member, inner, rules);
    if (value !== undefined) found.set(member.name, value);
  }
  for (const member of shape.members) {
    if (!member.required || found.has(member.name)) continue;
    // Parameters cannot say an empty structure, so a missing one is empty. What it requires is then missing too.
    if (member.shape.kind !== 'structure') throw missingParameter(member, place);
    found.set(member.name, structureAt(member.shape, { ...place, parameters: [] }, rules));
  }
  if (shape.isUnion && found.size !== 1) throw notOneOfUnion(shape, place);
  return Object.fromEntries(found);
}

function valueAt(shape: Shape, marks: Marks, place: Place, rules: QueryRules): unknown {
  switch (shape.kind) {
    case 'structure':
      return structureAt(shape, place, rules);
    case 'list':
      return listAt(shape, marks, place, rules);
    case 'map':
      return mapAt(shape, marks, place, rules);
    case 'stream':
      throw unknownParameter(place.parameters[0]);
    default:
      return scalarAt(shape, marks, place, rules);
  }
}

function scalarAt(shape: ScalarShape, marks: Marks, place: Place, rules: QueryRules): unknown {
  const [parameter, ...more] = place.parameters;
  const deeper = [parameter, ...more].find((one) => one?.path.length !== place.depth);
  if (parameter === undefined || deeper !== undefined) throw unknownParameter(deeper);
  const refusal = rules.refusals?.get(parameter.name);
  const value = decodeScalar(shape.kind, { ...parameter, refusal }, marks.sensitive);
  if (!rules.lenient || shape.values === undefined || typeof value !== 'string') return value;
  return shape.values.canonical(value) ?? value;
}

function listAt(
  shape: ListShape,
  marks: Marks,
  place: Place,
  rules: QueryRules,
): unknown[] | undefined {
  const [only] = place.parameters;
  const isBare = only?.path.length === place.depth && place.parameters.length === 1;
  if (isBare && only.value === '') return rules.emptyList === 'absent' ? undefined : [];
  const { element } = shape;
  const inner = { sensitive: marks.sensitive || shape.sensitive, flattened: false };
  if (isBare && rules.lenient && isScalar(element)) return [scalarAt(element, inner, place, rules)];
  const isFlat = rules.flatLists || marks.flattened;
  const counted = isFlat ? place : below(place, shape.elementName);
  return numbered(counted).map((one) => valueAt(element, inner, one, rules));
}

/** `Name.entry.1.key=…&Name.entry.1.value=…`; flattened without `entry`. */
function mapAt(
  shape: MapShape,
  marks: Marks,
  place: Place,
  rules: QueryRules,
): Record<string, unknown> {
  const counted = marks.flattened ? place : below(place, 'entry');
  const inner = { sensitive: marks.sensitive || shape.sensitive, flattened: false };
  const entries = numbered(counted).map((entry) => {
    const sides = groupBySegment(entry);
    const side = (name: string, sideShape: Shape) => {
      const parameters = sides.get(name);
      if (parameters === undefined) throw missingName(`${pathOf(entry)}.${name}`);
      return valueAt(sideShape, inner, { parameters, depth: entry.depth + 1 }, rules);
    };
    const key = String(side(shape.keyName, shape.key));
    const value = side(shape.valueName, shape.value);
    const [, , surplus] = [...sides.values()];
    if (surplus !== undefined) throw unknownParameter(surplus[0]);
    return [key, value] as const;
  });
  return Object.fromEntries(entries);
}

/** The parameters one name part further down, all of which must have that part. */
function below(place: Place, segment: string): Place {
  const groups = groupBySegment(place);
  for (const [found, parameters] of groups) {
    if (found !== segment) throw unknownParameter(parameters[0]);
  }
  return { parameters: place.parameters, depth: place.depth + 1 };
}

/** The numbered places below, in the order of their numbers. */
function numbered(place: Place): Place[] {
  const groups = [...groupBySegment(place)].map(([segment, parameters]) => {
    if (!listIndexPattern.test(segment)) throw unknownParameter(parameters[0]);
    return { index: Number(segment), parameters };
  });
  groups.sort((a, b) => a.index - b.index);
  return groups.map(({ parameters }) => ({ parameters, depth: place.depth + 1 }));
}

/** A parameter that ends here, where a structure or list is, has no segment and is unknown. */
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

function isScalar(shape: Shape): shape is ScalarShape {
  return !['structure', 'list', 'map', 'stream'].includes(shape.kind);
}

function pathOf({ parameters, depth }: Place): string {
  return (parameters[0]?.path.slice(0, depth) ?? []).join('.');
}

function unknownParameter(parameter: FormParameter | undefined) {
  return apiError('UnknownParameter', { parameter: shown(parameter?.name ?? '') });
}

function missingParameter(member: Member, place: Place) {
  const prefix = pathOf(place);
  return missingName(prefix === '' ? member.queryName : `${prefix}.${member.queryName}`);
}

function missingName(parameter: string) {
  return apiError('MissingParameter', { parameter });
}

function notOneOfUnion(shape: StructureShape, place: Place) {
  const oneOf = shape.members.map((member) => member.queryName);
  return apiError('InvalidParameterCombination', { place: pathOf(place), oneOf });
}
