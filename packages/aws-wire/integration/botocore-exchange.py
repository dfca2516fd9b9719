"""Reads calls as JSON lines, makes each with a real botocore client whose connection is cut off
before the socket, and prints what was sent and what botocore understood of the answer."""

import base64
import json
import sys

import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.response import StreamingBody


class Raw:
    def __init__(self, body):
        self.body = body

    def stream(self, *_, **__):
        yield self.body

    def read(self, *_, **__):
        body, self.body = self.body, b""
        return body


def exchange(call):
    session = botocore.session.Session()
    client = session.create_client(
        call["service"],
        region_name="eu-central-1",
        endpoint_url="http://127.0.0.1:4566",
        aws_access_key_id=call["accessKeyId"],
        aws_secret_access_key=call["secretAccessKey"],
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0}),
    )
    sent = {}

    def answer(request, **_):
        body = request.body or b""
        body = body.read() if hasattr(body, "read") else body
        body = body if isinstance(body, (bytes, bytearray)) else body.encode()
        text = {k: v.decode() if isinstance(v, bytes) else v for k, v in request.headers.items()}
        sent.update(method=request.method, url=request.url, headers=text)
        sent["body"] = base64.b64encode(body).decode()
        raw = Raw(base64.b64decode(call["body"]))
        return AWSResponse(request.url, call["status"], call["headers"], raw)

    client.meta.events.register("before-send", answer)
    try:
        output = getattr(client, call["method"])(**with_bytes(call["input"]))
        output.pop("ResponseMetadata")
        return {"sent": sent, "output": output}
    except ClientError as error:
        return {"sent": sent, "error": error.response["Error"]}


def with_bytes(value):
    """JSON has no bytes: they are written as {"$bytes": base64}."""
    if isinstance(value, list):
        return [with_bytes(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$bytes" in value:
        return base64.b64decode(value["$bytes"])
    return {key: with_bytes(item) for key, item in value.items()}


def plain(value):
    if isinstance(value, StreamingBody):
        value = value.read()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03}Z"


for line in sys.stdin:
    print(json.dumps(exchange(json.loads(line)), default=plain))
