/** The response of a route that streams the progress of a job. */
import type { Caller } from '../../domain/access/caller';
import type { ProgressFeed } from './progress-feed';
import type { Answer } from './route';
import { z } from './zod';

export const PROGRESS_DESCRIPTION =
  'Server-sent events: `progress` with the current job, again at every change; then `end` with the finished job, and the stream closes. After 15 seconds without a change a comment is sent. A stream that closes without `end` can be opened again, unless the API key was revoked. A client that reads nothing for 30 seconds is disconnected.';

/** One event of the stream. OpenAPI 3.1 tools expect this as the schema of server-sent events. */
const ProgressEvent = z
  .object({
    event: z.enum(['progress', 'end']),
    data: z.string().describe('The job as the route that reads it shows it, without allowed_actions'),
  })
  .openapi('ProgressEvent');

export const PROGRESS_ANSWER = { description: 'The stream', media_type: 'text/event-stream', schema: ProgressEvent };

/** Streams the progress of a job that the caller can read. */
export function progressAnswer(feed: ProgressFeed, job_id: string, caller: Caller): Answer {
  return {
    status: 200,
    headers: { 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' },
    async stream(stream) {
      stream.begin();
      for await (const event of feed.follow(job_id, stream.ended, caller)) await stream.write(event);
      await stream.finish();
    },
  };
}
