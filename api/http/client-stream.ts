/** The body of a streamed response: written in pieces, no faster than the client reads it. */
import type { Response } from 'express';

/** Why a stream ended before everything was sent. */
export type StreamEnd =
  /** The client closed the connection. */
  | 'client_gone'
  /** The client read nothing for too long. */
  | 'client_stalled'
  /** The caller's key was revoked, or its admin was disabled or got a lower role. */
  | 'access_ended'
  /** The stream reached the longest time that its kind may stay open. */
  | 'too_long';

export class ClientStream {
  private readonly aborter = new AbortController();

  /** `stall_ms` is how long the client may read nothing before it is disconnected. */
  constructor(
    private readonly response: Response,
    private readonly stall_ms: number,
  ) {
    response.once('close', () => this.end('client_gone'));
  }

  /** Aborted when nothing more must be written. Its reason is a `StreamEnd`. */
  get ended(): AbortSignal {
    return this.aborter.signal;
  }

  /** Why the stream ended before everything was sent; undefined while it is open and after a complete response. */
  get end_reason(): StreamEnd | undefined {
    return this.ended.aborted ? (this.ended.reason as StreamEnd) : undefined;
  }

  /** Ends the stream before everything was sent. What was written already may still arrive. */
  end(reason: StreamEnd): void {
    if (!this.response.writableFinished) this.aborter.abort(reason);
  }

  /** Sends the headers before the first piece of the body exists. */
  begin(): void {
    this.response.flushHeaders();
  }

  /** Writes, and resolves when the client can take more. Does nothing and resolves at once when the stream has ended. */
  async write(text: string): Promise<void> {
    if (this.ended.aborted || this.response.write(text)) return;
    await this.waitFor('drain');
  }

  /** Ends the response as a complete one, and resolves when the client has received it or has disconnected. */
  async finish(): Promise<void> {
    this.response.end();
    if (!this.response.writableFinished && !this.response.closed) await this.waitFor('finish');
  }

  /** Closes the connection, so that the client detects an incomplete response. */
  disconnect(): void {
    this.response.destroy();
  }

  private async waitFor(event: 'drain' | 'finish'): Promise<void> {
    await new Promise<void>((resolve) => {
      const stalled = setTimeout(() => {
        this.end('client_stalled');
        this.disconnect();
      }, this.stall_ms);
      const stopWaiting = (): void => {
        clearTimeout(stalled);
        this.response.off(event, stopWaiting).off('close', stopWaiting);
        this.ended.removeEventListener('abort', stopWaiting);
        resolve();
      };
      this.response.once(event, stopWaiting).once('close', stopWaiting);
      // A response that is being finished may still complete after the stream has ended.
      if (event === 'drain') this.ended.addEventListener('abort', stopWaiting);
    });
  }
}
