/** The start of an HTTP server. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { listen } from '../../listen';

test('a port that another process has is refused with the setting to change', async () => {
  const first = createServer();
  try {
    await listen(first, { host: '127.0.0.1', port: 0, port_setting: 'PORT' });
    const { port } = first.address() as AddressInfo;
    const second = listen(createServer(), { host: '127.0.0.1', port, port_setting: 'WORKER_HEALTH_PORT' });
    await expect(second).rejects.toThrow(
      `Another process listens on 127.0.0.1:${port}. Stop it, or set WORKER_HEALTH_PORT to a free port.`,
    );
  } finally {
    first.close();
  }
});
