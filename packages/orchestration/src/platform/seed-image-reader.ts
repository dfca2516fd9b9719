/** A mistake in a seed file. The message names the image and the member. */
export class SeedError extends Error {
  override readonly name = 'SeedError';
}

type Members = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** One JSON object of a seed file, read member by member. `path` is its place, for messages. */
export class SeedReader {
  readonly path: string;
  readonly #members: Members;

  constructor(path: string, value: unknown) {
    if (!isObject(value)) throw new SeedError(`${path} must be an object`);
    this.path = path;
    this.#members = value;
  }

  text(name: string): string | undefined {
    return this.#value(name, 'string');
  }

  needText(name: string): string {
    const text = this.text(name);
    if (text) return text;
    throw new SeedError(`${this.path}: ${name} is missing`);
  }

  flag(name: string): boolean | undefined {
    return this.#value(name, 'boolean');
  }

  count(name: string): number | undefined {
    const value = this.#value(name, 'number');
    if (value === undefined || (Number.isInteger(value) && value > 0)) return value;
    throw new SeedError(`${this.path}: ${name} must be a positive whole number, not ${value}`);
  }

  oneOf<Value extends string>(name: string, allowed: readonly Value[]): Value | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = allowed.find((each) => each === text);
    if (value !== undefined) return value;
    throw new SeedError(
      `${this.path}: ${name} must be one of ${allowed.join(', ')}, not '${text}'`,
    );
  }

  /** Text of this form; `form` describes it. */
  matching(name: string, pattern: RegExp, form: string): string | undefined {
    const text = this.text(name);
    if (text === undefined || pattern.test(text)) return text;
    throw new SeedError(`${this.path}: ${name} must be ${form}, not '${text}'`);
  }

  list(name: string): readonly SeedReader[] {
    const value = this.#members[name];
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) throw new SeedError(`${this.path}: ${name} must be a list`);
    return value.map((each, index) => new SeedReader(`${this.path}: ${name}[${index}]`, each));
  }

  object(name: string): SeedReader | undefined {
    const value = this.#members[name];
    if (value === undefined || value === null) return undefined;
    return new SeedReader(`${this.path}: ${name}`, value);
  }

  #value(name: string, type: 'string'): string | undefined;
  #value(name: string, type: 'boolean'): boolean | undefined;
  #value(name: string, type: 'number'): number | undefined;
  #value(name: string, type: 'string' | 'boolean' | 'number'): unknown {
    const value = this.#members[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value === type) return value;
    throw new SeedError(`${this.path}: ${name} must be a ${type}, not ${JSON.stringify(value)}`);
  }
}
