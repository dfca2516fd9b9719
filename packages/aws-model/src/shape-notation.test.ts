import { expect, test } from 'vitest';
import type { HttpBinding } from './shape.ts';
import {
  type ListNotation,
  type MapNotation,
  type MemberNotation,
  readEnum,
  readList,
  readMap,
  readStructure,
  readUnnamed,
  type StructureNotation,
  scalarLetter,
  scalarOf,
  writeEnum,
  writeList,
  writeMap,
  writeStructure,
  writeUnnamed,
} from './shape-notation.ts';

const plain: MemberNotation = {
  name: 'ImageId',
  queryName: 'ImageId',
  xmlName: 'imageId',
  type: 's',
  required: false,
  sensitive: false,
  idempotencyToken: false,
  flattened: false,
  attribute: false,
};
const namespace = { prefix: 'xsi', uri: 'http://www.w3.org/2001/XMLSchema-instance' };

test.each<[string, StructureNotation]>([
  ['{', { isUnion: false, members: [] }],
  ['}ImageId:s', { isUnion: true, members: [plain] }],
  ['{Image>ImageId:s', { isUnion: false, xmlName: 'Image', members: [plain] }],
  ['{ImageId/:s!', { isUnion: false, members: [{ ...plain, xmlName: 'ImageId', required: true }] }],
  [
    '{ImageId=Image.Id/image:ImageList*?,ImageId:[s',
    {
      isUnion: false,
      members: [
        {
          ...plain,
          queryName: 'Image.Id',
          xmlName: 'image',
          type: 'ImageList',
          sensitive: true,
          idempotencyToken: true,
        },
        { ...plain, type: '[s' },
      ],
    },
  ],
  [
    `{ImageId/xsi%3Atype:s^,ImageId:(s~#xsi ${namespace.uri}`,
    {
      isUnion: false,
      members: [
        { ...plain, xmlName: 'xsi:type', attribute: true },
        { ...plain, type: '(s', flattened: true, namespace },
      ],
    },
  ],
])('%s is written as it is read', (text, structure) => {
  expect(readStructure(text)).toEqual(structure);
  expect(writeStructure(structure)).toBe(text);
});

test.each<[string, HttpBinding]>([
  ['@L', { kind: 'label' }],
  ['@B', { kind: 'payload' }],
  ['@S', { kind: 'statusCode' }],
  ['@M', { kind: 'queryMap' }],
  ['@Qmax-keys', { kind: 'query', name: 'max-keys' }],
  ['@Hx-amz-acl', { kind: 'header', name: 'x-amz-acl' }],
  ['@Px-amz-meta-', { kind: 'prefixHeaders', name: 'x-amz-meta-' }],
])('%s is written as it is read', (text, binding) => {
  const structure = { isUnion: false, members: [{ ...plain, required: true, binding }] };
  expect(readStructure(`{ImageId:s!${text}`)).toEqual(structure);
  expect(writeStructure(structure)).toBe(`{ImageId:s!${text}`);
});

test.each<[string, ListNotation]>([
  ['[Tag', { elementType: 'Tag', elementName: 'item', sensitive: false }],
  ['[s/', { elementType: 's', elementName: 'member', sensitive: false }],
  ['[s/ImageId*', { elementType: 's', elementName: 'ImageId', sensitive: true }],
])('%s is written as it is read', (text, list) => {
  expect(readList(text)).toEqual(list);
  expect(writeList(list)).toBe(text);
});

const map = { keyType: 's', keyName: 'key', valueType: 'Tag', valueName: 'value' };

test.each<[string, MapNotation]>([
  ['(s=Tag', { ...map, sensitive: false }],
  ['(s/Name=Tag/Item*', { ...map, keyName: 'Name', valueName: 'Item', sensitive: true }],
])('%s is written as it is read', (text, notation) => {
  expect(readMap(text)).toEqual(notation);
  expect(writeMap(notation)).toBe(text);
});

test('lists and maps without a name have the usual names of elements', () => {
  expect(readUnnamed(writeUnnamed('list', 's'))).toMatchObject({ elementName: 'member' });
  expect(readUnnamed(writeUnnamed('map', 'n'))).toMatchObject({ keyType: 's', valueType: 'n' });
  expect(readUnnamed('Tag')).toBeUndefined();
});

test('each kind and format of a scalar has a letter', () => {
  for (const letter of 'sinbxytdhe') {
    expect(scalarLetter(scalarOf(letter) ?? { kind: 'string' })).toBe(letter);
  }
  expect(scalarOf('toString')).toBeUndefined();
});

test('the values of an enum are kept in their order', () => {
  expect(readEnum(writeEnum(['b', 'a c', 'x.1']))).toEqual(['b', 'a c', 'x.1']);
  expect(() => writeEnum(['a|b'])).toThrow('no room');
});

test.each(['{ImageId', '{:s', '{A:s,,B:s', '{A:s!@Zx', '[', '(s'])('%s is no notation', (text) => {
  for (const read of [readStructure, readList, readMap]) {
    expect(() => read(text)).toThrow('not a');
  }
});
