/**
 * The ports of a stack: fixed ports when they are free, so that addresses stay the same, else the next free ones.
 */
import { reservePort, type ReservedPort } from './ports';
import { TEMPORAL_SERVICES, type ServicePorts } from './temporal-on-postgres-config';

export interface StackPorts {
  api: number;
  worker_health: number;
  postgres: number;
  temporal: number;
  temporal_ui: number;
  mail_page: number;
  smtp: number;
  receiver: number;
  admin_pages: number;
}

/** The ports of the first stack on a machine. */
export const DEFAULT_PORTS: StackPorts = {
  api: 8080,
  worker_health: 8081,
  postgres: 5433,
  temporal: 7233,
  temporal_ui: 8233,
  mail_page: 1080,
  smtp: 1025,
  receiver: 8082,
  admin_pages: 8083,
};

/** All ports of a stack. Each stays reserved until its server is about to start. */
export type ReservedPorts = Record<keyof StackPorts, ReservedPort>;

/** Reserves the wanted ports or the next free ones, in the order of DEFAULT_PORTS. */
export async function reserveStackPorts(wanted: Partial<StackPorts> = {}): Promise<ReservedPorts> {
  const ports = { ...DEFAULT_PORTS, ...wanted };
  const reserved = new Map<string, ReservedPort>();
  for (const [name, port] of Object.entries(ports)) reserved.set(name, await reservePort(port));
  return Object.fromEntries(reserved) as ReservedPorts;
}

/**
 * Reserves the ports of a Temporal server with all of its services in one process: the next free ones after `frontend`,
 * on which clients call it.
 */
export async function reserveServicePorts(
  frontend: ReservedPort,
): Promise<{ ports: ServicePorts; reserved: ReservedPort[] }> {
  const reserved: ReservedPort[] = [];
  const reserveNext = async (): Promise<number> => {
    const next = await reservePort(frontend.port + 1);
    reserved.push(next);
    return next.port;
  };
  const ports: Partial<ServicePorts> = {};
  for (const service of TEMPORAL_SERVICES) {
    const grpc = service === 'frontend' ? frontend.port : await reserveNext();
    ports[service] = { grpc, membership: await reserveNext() };
  }
  return { ports: ports as ServicePorts, reserved };
}

/** Releases the ports that no server has used. */
export async function releasePorts(ports: readonly ReservedPort[]): Promise<void> {
  await Promise.all(ports.map((reserved) => reserved.release()));
}
