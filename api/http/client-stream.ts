/** The body of an answer that stays open: written piece by piece, no faster than its client takes it. */
import type { Response } from 'express';

/** Why a stream ended before all was sent. */
export type StreamEnd =
  /** The client closed the connection. */
  | 'client_gone'
  /** The client took nothing of what was sent for too long. */
  | 'client_stalled'
  /** The caller's key was revoked, or its admin disabled or lowered in role. */
  | 'access_ended'
  /** The stream was open for as long as one of its kind may be. */
  | 'too_long';

export class ClientStream {
  private readonly over = new AbortController();

  /** `stall_ms` is how long the client may take nothing before it is cut off. */
  constructor(
    private readonly response: Response,
    private readonly stall_ms: number,
  ) {
    response.once('close', () => this.end('client_gone'));
  }

  /** Aborted when nothing more shall be written; its reason is a `StreamEnd`. */
  get ended(): AbortSignal {
    return this.over.signal;
  }

  /** Why the stream ended before all was sent; undefined while it is open and after a whole answer. */
  get end_reason(): StreamEnd | undefined {
    return this.ended.aborted ? (this.ended.reason as StreamEnd) : undefined;
  }

  /** Ends the stream before all was sent; what was written already may still arrive. */
  end(reason: StreamEnd): void {
    if (!this.response.writableFinished) this.over.abort(reason);
  }

  /** Sends the headers before there is anything to write. */
  begin(): void {
    this.response.flushHeaders();
  }

  /** Writes, and resolves when the client has room for more; at once, and without effect, when the stream has ended. */
  async write(text: string): Promise<void> {
    if (this.ended.aborted || this.response.write(text)) return;
    await this.waitFor('drain');
  }

  /** Ends the answer as a whole one, and resolves when the client has it or is gone. */
  async finish(): Promise<void> {
    this.response.end();
    if (!this.response.writableFinished && !this.response.closed) await this.waitFor('finish');
  }

  /** Closes the connection, so that the client notices that something is missing. */
  cut(): void {
    this.response.destroy();
  }

  private async waitFor(event: 'drain' | 'finish'): Promise<void> {
    await new Promise<void>((resolve) => {
      const stalled = setTimeout(() => {
        this.end('client_stalled');
        this.cut();
      }, this.stall_ms);
      const settle = (): void => {
        clearTimeout(stalled);
        this.response.off(event, settle).off('close', settle);
        this.ended.removeEventListener('abort', settle);
        resolve();
      };
      this.response.once(event, settle).once('close', settle);
      // What was asked to finish still may, after the stream has ended.
      if (event === 'drain') this.ended.addEventListener('abort', settle);
    });
  }
}
