/** The development server of the admin pages: it builds what the browser asks for, and reloads what changes. The API passes `/admin` on to it. */
import { join } from 'node:path';

export interface AdminPagesServer {
  url: string;
  close(): Promise<void>;
}

/** Listens on 127.0.0.1. */
export async function startAdminPages(port: number): Promise<AdminPagesServer> {
  // Vite is loaded only by stacks that serve the pages: it takes half a second.
  const { createServer } = await import('vite');
  const server = await createServer({
    configFile: join(__dirname, '../web/vite.config.mts'),
    clearScreen: false,
    logLevel: 'warn',
    // The browser has the address of the API, so the client of Vite must know where its web socket is.
    server: { host: '127.0.0.1', port, strictPort: true, hmr: { host: '127.0.0.1', port, clientPort: port } },
  });
  await server.listen();
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}
