import { InvariantError } from '@bakehouse/base';
import { expect, test } from 'vitest';
import { encodeEc2Error, encodeEc2Response } from './encode-ec2-response.ts';

const head = (name: string) =>
  '<?xml version="1.0" encoding="UTF-8"?>\n' +
  `<${name}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r-1</requestId>`;

test('an operation that answers nothing says true', () => {
  const xml = `${head('DeleteTags')}<return>true</return></DeleteTagsResponse>`;
  expect(encodeEc2Response('DeleteTags', {}, 'r-1')).toBe(xml);
});

test('what is absent is left out, and what is empty is there', () => {
  const output = { Images: [{ Description: '', Tags: [], State: undefined }, {}] };
  expect(encodeEc2Response('DescribeImages', output, 'r-1')).toBe(
    `${head('DescribeImages')}<imagesSet><item><description/><tagSet/></item><item></item>` +
      '</imagesSet></DescribeImagesResponse>',
  );
});

test('a time has milliseconds, and bytes are base64', () => {
  const output = { UserData: { Value: 'eA==' } };
  expect(encodeEc2Response('DescribeInstanceAttribute', output, 'r-1')).toContain(
    '<userData><value>eA==</value></userData>',
  );
  const time = new Date('2026-01-31T23:59:59Z');
  expect(encodeEc2Response('CreateVolume', { CreateTime: time, Size: 8 }, 'r-1')).toContain(
    '<createTime>2026-01-31T23:59:59.000Z</createTime><size>8</size>',
  );
  expect(encodeEc2Response('CreateVolume', { CreateTime: new Date(0) }, 'r-1')).toContain(
    '<createTime>1970-01-01T00:00:00.000Z</createTime>',
  );
});

test('a frozen structure is written as any other, each time and in each place', () => {
  const tag = Object.freeze({ Key: 'ключ', Value: '<&>' });
  const output = { Images: [{ Tags: [tag, { ...tag }] }, { Tags: [tag] }], NextToken: tag.Key };
  const first = encodeEc2Response('DescribeImages', output, 'r-1');
  expect(encodeEc2Response('DescribeImages', output, 'r-1')).toBe(first);
  const written = '<item><key>ключ</key><value>&lt;&amp;&gt;</value></item>';
  expect(first.split(written)).toHaveLength(4);
});

test('a value that cannot be meant is a bug', () => {
  expect(() => encodeEc2Response('CreateVolume', { Size: Number.NaN }, 'r')).toThrow(
    InvariantError,
  );
});

test('an error is in an envelope of its own', () => {
  const error = { code: 'InvalidAMIID.NotFound', message: 'no <ami> & more' };
  expect(encodeEc2Error(error, 'r-1')).toBe(
    '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error>' +
      '<Code>InvalidAMIID.NotFound</Code><Message>no &lt;ami&gt; &amp; more</Message>' +
      '</Error></Errors><RequestID>r-1</RequestID></Response>',
  );
});
