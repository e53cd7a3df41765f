"""Verifies a webhook with the library `standardwebhooks` of PyPI: the arguments are those of docs/webhooks/python/verify.py."""
import json
import sys

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

_, message_id, timestamp, signature, *secrets = sys.argv
headers = {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": signature}
body = sys.stdin.buffer.read().decode()
failure = "no secret is given"
for secret in secrets:
    try:
        print(json.dumps(Webhook(secret).verify(body, headers)))
        sys.exit(0)
    except WebhookVerificationError as error:
        failure = str(error)
sys.exit(f"refused: {failure}")
