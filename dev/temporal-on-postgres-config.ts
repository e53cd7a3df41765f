/**
 * The configuration of a Temporal server with all of its services in one process, on 127.0.0.1, with its state and its
 * visibility in a Postgres server.
 */

/** A Postgres server, as its superuser reaches it on 127.0.0.1. */
export interface PostgresAccess {
  port: number;
  user: string;
  password: string;
}

/** The services of a Temporal server. Clients call the frontend. */
export const TEMPORAL_SERVICES = ['frontend', 'history', 'matching', 'worker'] as const;
export type TemporalService = (typeof TEMPORAL_SERVICES)[number];

/** A service serves calls on one port, and the members of the cluster find each other on the other one. */
export type ServicePorts = Record<TemporalService, { grpc: number; membership: number }>;

/** The databases of the server, as its documentation names them. */
export const TEMPORAL_DATABASES = { default: 'temporal', visibility: 'temporal_visibility' } as const;

/** The plugin of the server for Postgres 12 and later. The schema tool needs it too. */
export const SQL_PLUGIN = 'postgres12';

const HOST = '127.0.0.1';

/**
 * As in Temporal's own configuration for one machine. More shards write more transactions in parallel, but with 300
 * timers at once on 2 busy cores, 16 shards differed from 4 in neither time nor CPU by more than repeated runs did. The
 * number is fixed once a database exists.
 */
export const HISTORY_SHARDS = 4;

/** Connections at most, of the 200 of the stack's Postgres. The defaults of Temporal's configuration for one machine. */
const DEFAULT_CONNECTIONS_MAX = 20;
const VISIBILITY_CONNECTIONS_MAX = 10;
const CONNECTION_LIFETIME = '1h';

/** How often the server reads the file with the dynamic configuration. It does not change while a stack runs. */
const DYNAMIC_CONFIG_POLL_INTERVAL = '60s';

/** The configuration file, as data. */
export function temporalServerConfig(options: {
  postgres: PostgresAccess;
  ports: ServicePorts;
  dynamicConfigFile: string;
}): Record<string, unknown> {
  const { postgres, ports } = options;
  const store = (databaseName: string, connectionsMax: number) => ({
    sql: {
      pluginName: SQL_PLUGIN,
      databaseName,
      connectAddr: `${HOST}:${postgres.port}`,
      connectProtocol: 'tcp',
      user: postgres.user,
      password: postgres.password,
      maxConns: connectionsMax,
      maxIdleConns: connectionsMax,
      maxConnLifetime: CONNECTION_LIFETIME,
    },
  });
  return {
    log: { stdout: true, level: 'warn' },
    persistence: {
      defaultStore: 'default',
      visibilityStore: 'visibility',
      numHistoryShards: HISTORY_SHARDS,
      datastores: {
        default: store(TEMPORAL_DATABASES.default, DEFAULT_CONNECTIONS_MAX),
        visibility: store(TEMPORAL_DATABASES.visibility, VISIBILITY_CONNECTIONS_MAX),
      },
    },
    global: { membership: { maxJoinDuration: '30s', broadcastAddress: HOST } },
    services: Object.fromEntries(
      TEMPORAL_SERVICES.map((service) => {
        const { grpc, membership } = ports[service];
        return [service, { rpc: { grpcPort: grpc, membershipPort: membership, bindOnIP: HOST } }];
      }),
    ),
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: {
          enabled: true,
          initialFailoverVersion: 1,
          rpcName: 'frontend',
          rpcAddress: `${HOST}:${ports.frontend.grpc}`,
        },
      },
    },
    dynamicConfigClient: { filepath: options.dynamicConfigFile, pollInterval: DYNAMIC_CONFIG_POLL_INTERVAL },
  };
}

/** The file with the dynamic configuration, as data: each setting has one value, without constraints. */
export function dynamicConfigFileContent(
  values: Readonly<Record<string, boolean | number | string>>,
): Record<string, { value: boolean | number | string }[]> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [{ value }]]));
}
