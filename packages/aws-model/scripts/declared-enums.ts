import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/**
 * The SDK's schemas call an enum a string; which enum a member has is only in the type declarations:
 * `InstanceType?: _InstanceType | undefined;` in `interface RunInstancesRequest`.
 */
export interface DeclaredEnums {
  /** The enum of a member, or of the elements of a list member. */
  enumOf(structure: string, member: string): string | undefined;
  valuesOf(enumName: string): readonly string[] | undefined;
}

const interfacePattern = /^export interface (\w+)(?: extends [^{]+)? \{\n([\s\S]*?)^\}/gm;
const memberPattern = /^ {4}(\w+)\??: (\w+)(?:\[\])?(?: \| undefined)?;$/gm;

/** Text of all declaration files of a client package, whose entry point has the given URL. */
export async function sdkDeclarations(packageUrl: string): Promise<string> {
  const folder = new URL('../dist-types/models/', packageUrl);
  const names = (await readdir(fileURLToPath(folder))).filter((name) => name.startsWith('models_'));
  const texts = await Promise.all(names.map((name) => readFile(new URL(name, folder), 'utf8')));
  return texts.join('\n');
}

export function declaredEnums(
  declarations: string,
  sdk: Readonly<Record<string, unknown>>,
): DeclaredEnums {
  const types = new Map<string, string>();
  for (const [, structure = '', body = ''] of declarations.matchAll(interfacePattern)) {
    for (const [, member = '', type = ''] of body.matchAll(memberPattern)) {
      types.set(`${structure}.${member}`, type);
    }
  }
  const valuesOf = (name: string) => enumValues(sdk[name]);
  return {
    enumOf(structure, member) {
      const type = types.get(`${structure}.${member}`);
      if (type === undefined) return undefined;
      // Imported under an alias where a member has the enum's own name.
      return [type, type.replace(/^_/, '')].find((name) => valuesOf(name) !== undefined);
    },
    valuesOf,
  };
}

/** An enum is exported as an object of its values; classes, functions and schemas are not. */
function enumValues(exported: unknown): readonly string[] | undefined {
  if (typeof exported !== 'object' || exported === null || Array.isArray(exported))
    return undefined;
  const values: unknown[] = Object.values(exported);
  const texts = values.filter((value) => typeof value === 'string');
  return texts.length > 0 && texts.length === values.length ? texts : undefined;
}
