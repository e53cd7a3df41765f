/**
 * One request and the beginning of its answer, by the callbacks of undici: its streams and abort signals cost more than the request itself.
 */
import type { Dispatcher } from 'undici';

export interface Exchange {
  url: string;
  headers: Record<string, string>;
  body: string;
  /** For all of it: the wait for a connection, the request and the answer. */
  timeout_ms: number;
}

export interface ExchangeAnswer {
  status: number;
  /** The first header field `Retry-After`, as received. */
  retry_after: string | null;
  /** The first bytes of the body. */
  excerpt: Buffer;
}

/** What is read of an answer, and what is kept of it. */
const ANSWER_BYTES_MAX = 64 * 1_024;
const EXCERPT_BYTES_MAX = 2 * 1_024;
/** Statuses below are interim: the answer follows. */
const FINAL_STATUS_MIN = 200;

/** The time of an exchange is over. */
class ExchangeTimeout extends Error {
  override readonly name = 'TimeoutError';
}

/** Sends a POST request. Rejects with what undici, the connector or TLS report, or when the time is over. */
export function exchange(
  dispatcher: Dispatcher,
  { url, headers, body, timeout_ms }: Exchange,
): Promise<ExchangeAnswer> {
  const { origin, pathname, search } = new URL(url);
  return new Promise((resolve, reject) => {
    const kept: Buffer[] = [];
    let read = 0;
    let status = 0;
    let retry_after: string | null = null;
    let controller: Dispatcher.DispatchController | undefined;
    let timeout: ExchangeTimeout | undefined;
    const timer = setTimeout(() => {
      timeout = new ExchangeTimeout('The receiver did not answer in time');
      controller?.abort(timeout);
      reject(timeout);
    }, timeout_ms);
    const finish = (): void => {
      clearTimeout(timer);
      resolve({ status, retry_after, excerpt: Buffer.concat(kept) });
    };
    dispatcher.dispatch(
      { origin, path: pathname + search, method: 'POST', headers, body },
      {
        onRequestStart(started) {
          controller = started;
          if (timeout !== undefined) started.abort(timeout);
        },
        onResponseStart(_controller, answered, fields) {
          if (answered < FINAL_STATUS_MIN) return;
          status = answered;
          const field = fields['retry-after'];
          retry_after = (Array.isArray(field) ? field[0] : field) ?? null;
        },
        onResponseData(data_controller, chunk) {
          if (read < EXCERPT_BYTES_MAX) kept.push(chunk.subarray(0, EXCERPT_BYTES_MAX - read));
          read += chunk.byteLength;
          if (read <= ANSWER_BYTES_MAX) return;
          // The rest is not read: it may have no end.
          finish();
          data_controller.abort(new Error('The answer is too long'));
        },
        onResponseEnd: finish,
        onResponseError(_controller, error) {
          clearTimeout(timer);
          reject(error);
        },
      },
    );
  });
}
