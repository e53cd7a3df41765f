#!/usr/bin/env bash
# Generates licenses of a contract with its API key, and prints their keys, one a line. Needs curl and jq.
#
#   export COVENANT_URL=https://licenses.example.com COVENANT_CONTRACT_ID=… COVENANT_API_KEY=…
#   ./generate.sh 50 [idempotency key]
set -euo pipefail

TRIES_MAX=6
WAIT_SECONDS_MAX=3600
POLL_SECONDS=2
TIMEOUT_SECONDS=${COVENANT_TIMEOUT_SECONDS:-30}

count=${1:?How many licenses?}
: "${COVENANT_URL:?is not set}" "${COVENANT_CONTRACT_ID:?is not set}" "${COVENANT_API_KEY:?is not set}"
key=${2:-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')}
answer=$(mktemp -d)
trap 'rm -rf "$answer"' EXIT

# fail MESSAGE: says what happened, and how to repeat the request.
fail() {
  echo "$1" >&2
  echo "With the idempotency key $key, this request never generates twice." >&2
  exit 1
}

# call METHOD PATH [CURL ARGUMENT…]: writes the answer to $answer/body. While the same request can succeed later, waits
# and sends it again.
call() {
  local method=$1 path=$2 tries status retry_after problem wait
  shift 2
  for ((tries = 1; ; tries++)); do
    : >"$answer/headers" && : >"$answer/body"
    # The key comes from stdin, because other users can see the arguments of a process.
    status=$(curl --silent --show-error --max-time "$TIMEOUT_SECONDS" --request "$method" --header @- \
      --dump-header "$answer/headers" --output "$answer/body" --write-out '%{http_code}' "$@" \
      "$COVENANT_URL/api/v1/$path" <<<"Authorization: Bearer $COVENANT_API_KEY") || status=none
    retry_after=$(grep -iE '^retry-after: *[0-9]+[[:space:]]*$' "$answer/headers" | tr -dc '0-9' || true)
    problem=$(jq --exit-status --raw-output 'select(.code) | "\(.code): \(.detail) (request \(.request_id))"' \
      "$answer/body" 2>/dev/null) || problem="HTTP status $status"
    case $status in
      2??) return ;;
      none) retry_after='' problem='No answer' ;;
      429 | 502 | 503 | 504) ;;
      *) [ -n "$retry_after" ] || fail "$problem" ;;
    esac
    # Without Retry-After: up to 2, 4, 8, 16 and 32 seconds, at random, so that many clients do not come back together.
    wait=${retry_after:-$((1 + RANDOM % 2 ** tries))}
    if ((tries == TRIES_MAX || wait > WAIT_SECONDS_MAX)); then fail "Gave up after $tries tries. $problem"; fi
    echo "$problem. Next try in $wait s." >&2
    sleep "$wait"
  done
}

call POST "contracts/$COVENANT_CONTRACT_ID/generate" --header "Idempotency-Key: $key" \
  --header 'Content-Type: application/json' --data "{\"count\": $count}"
if jq --exit-status .licenses "$answer/body" >/dev/null; then
  jq --raw-output '.licenses[].key' "$answer/body"
  exit
fi

# From 100 licenses on, a job generates them.
job=$(jq --raw-output .job_id "$answer/body")
while call GET "jobs/$job" && jq --exit-status '.finished_at == null' "$answer/body" >/dev/null; do
  sleep "$POLL_SECONDS"
done
ended=$(jq --raw-output '"\(.state) with \(.completed) of \(.requested) licenses"' "$answer/body")
case $ended in SUCCEEDED*) ;; *) fail "The job $job ended $ended." ;; esac

cursor=
while
  call GET "licenses?job_id=$job&order=asc&limit=100${cursor:+&cursor=$cursor}"
  jq --raw-output '.data[].key' "$answer/body"
  cursor=$(jq --raw-output '.next_cursor // empty' "$answer/body")
  [ -n "$cursor" ]
do :; done
