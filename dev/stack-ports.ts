/**
 * The ports of a stack: fixed ports when they are free, so that addresses stay the same, else the next free ones.
 */
import { reservePort, type ReservedPort } from './ports';

export interface StackPorts {
  api: number;
  worker_health: number;
  postgres: number;
  temporal: number;
  temporal_ui: number;
  mail_page: number;
  smtp: number;
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

/** Releases the ports that no server has used. */
export async function releasePorts(ports: ReservedPorts): Promise<void> {
  await Promise.all(Object.values(ports).map((reserved) => reserved.release()));
}
