import { type ModelData, type ProtocolName, serviceModel } from '@bakehouse/aws-model';
import { type RequestHead, wholeBody } from '../src/message.ts';
import { protocols } from '../src/protocols.ts';

/** A small service with each kind of shape, in any protocol. */
const shapes: ModelData['shapes'] = {
  Put: '{Name/:s!,Size/:n,Hot/:b,At/:t,Data/:x,State/:State,Words/:Words,Flat/:Words~,Labels/:Labels,Pins=Pin/Pin:Labels~,Part/:Part,Choice/:Choice,Secret/:x*',
  Part: '{Id/:s!,Inner/:Part',
  Choice: '}Left/:s,Right/:n',
  State: '<on|off',
  Words: '[s/',
  Labels: '(s=s',
  Done: '{Name/:s,Words/:Words,Labels/:Labels,At/:t',
  Read: '{Bucket/:s!@L,Key/:s!@L,Version/:n@Qversion,Ids/:Words@Qid,Since/:t@Hif-modified-since,Tags/:Words@Hx-tags,Meta/:Labels@Px-meta-',
  ReadDone: '{Kind/:s@Hx-kind,Meta/:Labels@Px-meta-,Status/:n@S,Body/:y@B',
  Store: '{Bucket/:s!@L,Key/:s!@L,Body/:y@B',
  Tag: '{Bucket/:s!@L,Key/:s!@L,Part/Parts:Part@B',
  Copy: '{Bucket/:s!@L,Key/:s!@L,Source/:s!@Hx-source',
  Page: '{Bucket/:s!@L,Id/:s!@Qid',
  List: '{Bucket/:s@L,Max/:n@Qmax',
  Gone: '{Message/:s',
};

const rpcOperations = { Put: 'Put Done' };
const restOperations = {
  Store: 'Store - PUT /{Bucket}/{Key+}?x-id=Store 200',
  Copy: 'Copy - PUT /{Bucket}/{Key+}?x-id=Copy 200',
  Tag: 'Tag - PUT /{Bucket}/{Key+}?tag 204',
  Read: 'Read ReadDone GET /{Bucket}/{Key+} 206',
  GetPage: 'Page - GET /{Bucket}?page 200',
  ListPages: 'List Done GET /{Bucket}?page 200',
  ListV2: 'List Done GET /{Bucket}?list-type=2 200',
  List: 'List Done GET /{Bucket} 200',
  All: '- Done GET /?x-id=All 200',
  Post: 'Put Done POST /things/new 201',
};

export function exampleModel(protocol: ProtocolName, service = 'example') {
  return serviceModel({
    service,
    protocol,
    version: '2020-01-01',
    xmlNamespace: protocol.includes('Json') ? '' : 'http://example.com/doc/',
    target: 'Example',
    operations: protocol.startsWith('rest') ? restOperations : rpcOperations,
    others: 'Later',
    errors: { Gone: '410 Gone' },
    shapes,
  });
}

export const requestHead = (changes: Partial<RequestHead> = {}): RequestHead => ({
  method: 'POST',
  path: '/',
  rawQuery: '',
  headers: {},
  ...changes,
});

/** The operation and input of a request to the example service. */
export async function exampleRequest(
  protocol: ProtocolName,
  head: Partial<RequestHead>,
  body: string | Uint8Array = '',
) {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const model = exampleModel(protocol);
  const call = await protocols[protocol].open(model, requestHead(head), wholeBody(bytes));
  return { operation: call.operation, input: await call.decode() };
}
