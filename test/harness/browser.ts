/** A page in Chromium, driven over the DevTools protocol through two pipes: no package, no port. */
import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

/** What the browser sent and said since the page was opened. */
export interface Page {
  /** The addresses of all requests, also of those that were refused. `data:` addresses are no requests. */
  requests(): string[];
  /** Warnings and errors of the console, of the network and of the content policy. */
  complaints(): string[];
  /** Opens an address and waits until it is loaded; what its scripts do then is waited for with `until`. */
  open(url: string): Promise<void>;
  /** Evaluates an expression in the page again and again until it is true, and resolves with its value. */
  until<T>(expression: string): Promise<T>;
  /** Types into the field that has the focus. */
  type(text: string): Promise<void>;
  close(): Promise<void>;
}

interface Message {
  id?: number;
  method?: string;
  params?: unknown;
  result?: unknown;
  error?: { message: string };
}

const UNTIL_TIMEOUT_MS = 60_000;
const UNTIL_INTERVAL_MS = 100;

/** Starts the browser with an empty page; `directory` is for its profile. */
export async function startBrowser(program: string, directory: string): Promise<Page> {
  const browser = spawn(
    program,
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--no-first-run',
      '--window-size=1400,900',
      '--disable-background-networking',
      '--remote-debugging-pipe',
      `--user-data-dir=${directory}`,
    ],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
  );
  const ended = new Promise<void>((resolve) => browser.once('close', () => resolve()));
  const connection = connect(browser.stdio[3] as Writable, browser.stdio[4] as Readable);
  const { targetId } = await connection.call<{ targetId: string }>('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await connection.call<{ sessionId: string }>('Target.attachToTarget', {
    targetId,
    flatten: true,
  });
  const call = <T>(method: string, params: object = {}): Promise<T> => connection.call<T>(method, params, sessionId);
  for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await call(`${domain}.enable`);

  async function evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await call<{ result: { value: unknown }; exceptionDetails?: unknown }>(
      'Runtime.evaluate',
      { expression, awaitPromise: true, returnByValue: true },
    );
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return result.value;
  }

  return {
    requests: () =>
      connection
        .events<{ request: { url: string } }>('Network.requestWillBeSent')
        .map(({ request }) => request.url)
        .filter((url) => !url.startsWith('data:')),
    complaints: () => [
      ...connection
        .events<{ type: string; args: unknown[] }>('Runtime.consoleAPICalled')
        .filter(({ type }) => type === 'warning' || type === 'error')
        .map(({ args }) => JSON.stringify(args)),
      ...connection.events<{ entry: { text: string } }>('Log.entryAdded').map(({ entry }) => entry.text),
      ...connection.events('Runtime.exceptionThrown').map((thrown) => JSON.stringify(thrown)),
    ],
    async open(url) {
      const loaded = connection.next('Page.loadEventFired');
      await call('Page.navigate', { url });
      await loaded;
    },
    async until<T>(expression: string) {
      const deadline = Date.now() + UNTIL_TIMEOUT_MS;
      for (;;) {
        const value = await evaluate(expression);
        if (value !== false && value !== null && value !== undefined) return value as T;
        if (Date.now() > deadline) throw new Error(`This did not become true: ${expression}`);
        await new Promise((resolve) => setTimeout(resolve, UNTIL_INTERVAL_MS));
      }
    },
    async type(text) {
      await call('Input.insertText', { text });
    },
    async close() {
      browser.kill('SIGKILL');
      await ended;
    },
  };
}

/** Calls and events of the protocol: JSON messages that end with a zero byte. */
function connect(toBrowser: Writable, fromBrowser: Readable) {
  const events: Message[] = [];
  const answers = new Map<number, (message: Message) => void>();
  const listeners = new Map<string, () => void>();
  let rest = '';
  let last_id = 0;

  fromBrowser.setEncoding('utf8').on('data', (text: string) => {
    const messages = (rest + text).split('\0');
    rest = messages.pop() ?? '';
    for (const message of messages.map((json) => JSON.parse(json) as Message)) {
      if (message.id !== undefined) answers.get(message.id)?.(message);
      else events.push(message);
      listeners.get(message.method ?? '')?.();
    }
  });

  return {
    call<T>(method: string, params: object, sessionId?: string): Promise<T> {
      const id = ++last_id;
      return new Promise((resolve, reject) => {
        answers.set(id, ({ result, error }) => {
          answers.delete(id);
          if (error) reject(new Error(`${method}: ${error.message}`));
          else resolve(result as T);
        });
        toBrowser.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
      });
    },
    /** The parameters of all events of a method. */
    events: <T = unknown>(method: string): T[] =>
      events.filter((event) => event.method === method).map(({ params }) => params as T),
    /** Resolves at the next event of a method. */
    next: (method: string): Promise<void> =>
      new Promise((resolve) => {
        listeners.set(method, () => {
          listeners.delete(method);
          resolve();
        });
      }),
  };
}
