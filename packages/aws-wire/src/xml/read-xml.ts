import { apiError } from '@bakehouse/domain';
import { SaxesParser } from 'saxes';
import { bodyProblems } from '../body-problems.ts';

/** An element of a request body. Names are without their namespace prefix, attributes' with it. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** All character data directly in it. */
  readonly text: string;
}

interface OpenElement extends XmlElement {
  readonly children: XmlElement[];
  text: string;
}

const depthMax = 64;

/**
 * The root element of a document. There are no entities but XML's own five, and no document type:
 * with one, a small body could describe a huge document. Throws `InvalidRequest`.
 */
export function readXml(body: Uint8Array): XmlElement {
  const parser = new SaxesParser({});
  const stack: OpenElement[] = [];
  let root: XmlElement | undefined;
  parser.on('error', (cause) => {
    throw malformed('The request body is not well-formed XML.', cause);
  });
  parser.on('doctype', () => {
    throw malformed('The request body must not have a document type.');
  });
  parser.on('opentag', ({ name, attributes }) => {
    if (stack.length >= depthMax) {
      throw malformed(bodyProblems.tooDeep(depthMax));
    }
    const element: OpenElement = { name: localName(name), attributes, children: [], text: '' };
    stack.at(-1)?.children.push(element);
    stack.push(element);
  });
  parser.on('closetag', () => {
    root = stack.pop();
  });
  const addText = (text: string) => {
    const element = stack.at(-1);
    if (element !== undefined) element.text += text;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.write(utf8(body)).close();
  if (root === undefined) throw malformed('The request body has no XML element.');
  return root;
}

function utf8(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw malformed(bodyProblems.notUtf8, cause);
  }
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

function malformed(message: string, cause?: unknown) {
  return apiError('InvalidRequest', { message }, { cause });
}
