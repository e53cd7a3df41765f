#!/usr/bin/env python3
"""Generates licenses of a contract with its API key, and prints their keys, one a line. Needs no package.

export COVENANT_URL=https://licenses.example.com COVENANT_CONTRACT_ID=… COVENANT_API_KEY=…
python3 generate.py 50 [idempotency key]
"""

import http.client
import json
import os
import random
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

TRIES_MAX = 6
WAIT_SECONDS_MAX = 3600
POLL_SECONDS = 2
TIMEOUT_SECONDS = float(os.environ.get("COVENANT_TIMEOUT_SECONDS", "30"))

NO_ANSWER = (OSError, http.client.HTTPException)


class CovenantError(Exception):
    """A refusal, or no answer. `code` is for programs, the message for people."""

    def __init__(self, message, code=None):
        super().__init__(message)
        self.code = code


class Contract:
    """A contract, with its API key."""

    def __init__(self, url, contract_id, api_key):
        self.api = f"{url}/api/v1"
        self.contract_id = contract_id
        self.headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}

    def generate(self, count, idempotency_key):
        """Yields the keys of generated licenses. The same idempotency key yields the same licenses again."""
        path = f"/contracts/{self.contract_id}/generate"
        answer = self.call("POST", path, {"count": count, "idempotency_key": idempotency_key})
        if "licenses" in answer:
            yield from (license["key"] for license in answer["licenses"])
        else:  # From 100 licenses on, a job generates them.
            self.wait_for_job(answer["job_id"])
            yield from self.keys_of_job(answer["job_id"])

    def wait_for_job(self, job_id):
        while (job := self.call("GET", f"/jobs/{job_id}"))["finished_at"] is None:
            time.sleep(POLL_SECONDS)
        if job["state"] != "SUCCEEDED":
            raise CovenantError(
                f"The job {job_id} ended {job['state']} with {job['completed']} of {job['requested']} licenses."
            )

    def keys_of_job(self, job_id):
        page = {"next_cursor": ""}
        while (cursor := page["next_cursor"]) is not None:
            query = {"job_id": job_id, "order": "asc", "limit": 100, **({"cursor": cursor} if cursor else {})}
            page = self.call("GET", f"/licenses?{urllib.parse.urlencode(query)}")
            yield from (license["key"] for license in page["data"])

    def call(self, method, path, body=None):
        """Returns the JSON of an answer. While the same request can succeed later, waits and sends it again."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.api + path, data, self.headers, method=method)
        for tries in range(1, TRIES_MAX + 1):
            # Without Retry-After: up to 2, 4, 8, 16 and 32 seconds, at random, so that many clients do not come back together.
            wait = random.uniform(1, 2**tries)
            try:
                with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as refusal:
                error = error_of(refusal)
                retry_after = refusal.headers.get("Retry-After", "")
                if retry_after.isdigit():
                    wait = int(retry_after)
                elif refusal.code not in (429, 502, 503, 504):
                    raise error from None
            except NO_ANSWER as reason:
                error = CovenantError(f"No answer ({reason})")
            if tries == TRIES_MAX or wait > WAIT_SECONDS_MAX:
                raise CovenantError(f"Gave up after {tries} tries. {error}", error.code)
            print(f"{error}. Next try in {wait:.0f} s.", file=sys.stderr)
            time.sleep(wait)


def error_of(refusal):
    try:
        problem = json.load(refusal)
        message = f"{problem['code']}: {problem['detail']} (request {problem['request_id']})"
        return CovenantError(message, problem["code"])
    except (*NO_ANSWER, ValueError, KeyError, TypeError):
        return CovenantError(f"HTTP status {refusal.code}")


def setting(name):
    return os.environ.get(name) or sys.exit(f"{name}: is not set")


def main(count, idempotency_key=None):
    idempotency_key = idempotency_key or str(uuid.uuid4())
    contract = Contract(setting("COVENANT_URL"), setting("COVENANT_CONTRACT_ID"), setting("COVENANT_API_KEY"))
    try:
        for key in contract.generate(int(count), idempotency_key):
            print(key)
    except CovenantError as error:
        sys.exit(f"{error}\nWith the idempotency key {idempotency_key}, this request never generates twice.")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("How many licenses?")
    main(*sys.argv[1:])
