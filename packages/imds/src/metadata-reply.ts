export interface MetadataReply {
  readonly status: ReplyStatus;
  readonly body: string | Uint8Array;
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Every status of a reply, with its reason. */
export const replyReasons = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Not Allowed',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
} as const;

export type ReplyStatus = keyof typeof replyReasons;

export const textReply = (body: string): MetadataReply => ({
  status: 200,
  contentType: 'text/plain',
  body,
});

/** EC2's error page. */
export function statusReply(status: ReplyStatus, headers?: Record<string, string>): MetadataReply {
  const title = `${status} - ${replyReasons[status]}`;
  const body = `<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
\t"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head>
  <title>${title}</title>
 </head>
 <body>
  <h1>${title}</h1>
 </body>
</html>
`;
  return { status, contentType: 'text/html', body, ...(headers ? { headers } : {}) };
}
