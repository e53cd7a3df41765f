"""Verifies a webhook of Covenant with Python's own library, from version 3.9 on.

    python3 verify.py WEBHOOK_ID WEBHOOK_TIMESTAMP WEBHOOK_SIGNATURE SECRET... < body
"""
import base64
import hashlib
import hmac
import json
import sys
import time

TOLERANCE_S = 300


class Refused(Exception):
    """The request does not come from Covenant, or it is old."""


def verify(body: bytes, headers: dict, secrets: list) -> dict:
    """Returns the event. `body` has the bytes as they were received, and the names of `headers` are in lower case."""
    message_id, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
    # Without this, a recorded request could be sent again.
    if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > TOLERANCE_S:
        raise Refused("the time is more than five minutes from now")
    signed = f"{message_id}.{timestamp}.".encode() + body
    for secret in secrets:
        key = base64.b64decode(secret[len("whsec_"):] if secret.startswith("whsec_") else secret)
        expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
        # During a rotation there are several, separated by spaces.
        for signature in headers["webhook-signature"].split(" "):
            version, _, value = signature.partition(",")
            if version == "v1" and hmac.compare_digest(value.encode(), expected):
                return json.loads(body)
    raise Refused("no signature fits")


if __name__ == "__main__":
    _, message_id, timestamp, signature, *secrets = sys.argv
    headers = {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": signature}
    try:
        print(json.dumps(verify(sys.stdin.buffer.read(), headers, secrets)))
    except Refused as refused:
        sys.exit(f"refused: {refused}")
