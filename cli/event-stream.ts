/** Reads server-sent events. */

/** One message of a server-sent event stream. */
export interface StreamMessage {
  event: string;
  data: string;
}

/** Parses a text/event-stream. Messages may be split between chunks. */
export async function* parseMessages(chunks: AsyncIterable<string>): AsyncGenerator<StreamMessage> {
  let unread = '';
  for await (const chunk of chunks) {
    const messages = (unread + chunk).split('\n\n');
    unread = messages.pop() ?? '';
    for (const message of messages) yield parseMessage(message);
  }
}

function parseMessage(message: string): StreamMessage {
  const lines = message.split('\n');
  const valuesOf = (field: string): string[] =>
    lines.filter((line) => line.startsWith(`${field}:`)).map((line) => line.slice(field.length + 1).trimStart());
  return { event: valuesOf('event').at(-1) ?? 'message', data: valuesOf('data').join('\n') };
}
