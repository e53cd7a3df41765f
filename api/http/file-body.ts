/** Bodies that are files: they are read as they arrive, so that no file is in memory as a whole. */
import { createGunzip } from 'node:zlib';
import type { Request } from 'express';
import type { ReadBody } from './body';
import { ProblemError, protocolProblem } from './problem';

/** How long a client may send nothing. */
const SILENCE_MS_MAX = 30_000;

/** The file of a request without one. */
export const NO_FILE: AsyncIterable<Buffer> = { async *[Symbol.asyncIterator]() {} };

/** Refuses files of other media types and encodings before they are read. */
export function refuseOtherFiles(media_types: readonly string[]): ReadBody {
  return async (request) => {
    const { headers } = request;
    // Without a body, the file is empty.
    if (headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0') return;
    const given = request.get('content-type') ?? 'none';
    if (!request.is([...media_types]))
      throw unsupported(
        `Send the file with Content-Type: ${media_types[0]}. The Content-Type of the request is ${given}.`,
      );
    const charset = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(given)?.[1] ?? 'utf-8';
    if (!/^utf-?8$/i.test(charset))
      throw unsupported(`Send the file in UTF-8. The charset of the request is ${charset}.`);
    const encoding = encodingOf(request);
    if (encoding !== 'identity' && encoding !== 'gzip')
      throw unsupported(
        `Send the file as it is, or with Content-Encoding: gzip. The Content-Encoding of the request is ${encoding}.`,
      );
  };
}

function unsupported(detail: string): ProblemError {
  return new ProblemError(protocolProblem('UNSUPPORTED_MEDIA_TYPE', detail));
}

function encodingOf(request: Request): string {
  return request.get('content-encoding')?.toLowerCase() ?? 'identity';
}

/**
 * The bytes of a file, decompressed, as they arrive. It throws a problem when the client disconnects, sends nothing for
 * {@link SILENCE_MS_MAX}, or sends what cannot be decompressed. A reader that stops early leaves the connection open for the answer.
 */
export async function* fileOf(request: Request): AsyncGenerator<Buffer> {
  const is_compressed = encodingOf(request) === 'gzip';
  const bytes = is_compressed ? request.pipe(createGunzip()) : request;
  const silent = malformed(`The file did not arrive: nothing was sent for ${SILENCE_MS_MAX / 1000} s.`);
  const silence = setTimeout(() => bytes.destroy(silent), SILENCE_MS_MAX);
  // `pipe` does not end the decompression when the client disconnects.
  if (is_compressed) request.once('error', (error) => bytes.destroy(error));
  try {
    for await (const chunk of bytes.iterator({ destroyOnReturn: is_compressed })) {
      silence.refresh();
      yield chunk as Buffer;
      silence.refresh();
    }
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw malformed(
      `The file is not complete${is_compressed ? ', or not compressed by gzip' : ': the request ended before'}.`,
    );
  } finally {
    clearTimeout(silence);
  }
}

function malformed(detail: string): ProblemError {
  return new ProblemError(protocolProblem('MALFORMED_REQUEST', detail));
}
