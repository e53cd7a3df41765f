/** Starts the HTTP server of a process. */
import type { Server } from 'node:http';

/** The address of a server, and the setting that holds its port. */
export interface Listening {
  host: string;
  port: number;
  port_setting: 'PORT' | 'WORKER_HEALTH_PORT';
}

/** Resolves when the server listens. Rejects with an error that names the setting when another process has the port. */
export function listen(server: Server, { host, port, port_setting }: Listening): Promise<void> {
  return new Promise((resolve, reject) => {
    server
      .once('error', (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EADDRINUSE') return reject(error);
        const message = `Another process listens on ${host}:${port}. Stop it, or set ${port_setting} to a free port.`;
        reject(new Error(message, { cause: error }));
      })
      .listen(port, host, resolve);
  });
}
