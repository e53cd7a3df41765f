/**
 * The channel of a generation: who asked for the licenses (decisions 47). `ui` are admins, with whatever program they call,
 * `api` the API key of a contract, `schedule` and `replenish` what Covenant generates by itself. How the licenses are made,
 * inline or in the background, is a separate field.
 */
export const CHANNELS = ['ui', 'api', 'schedule', 'replenish'] as const;

export type Channel = (typeof CHANNELS)[number];

/** How licenses are made: within the request, or by a job in the background. */
export const EXECUTIONS = ['inline', 'background'] as const;

export type Execution = (typeof EXECUTIONS)[number];

/** How the licenses of a job are made. An import takes them from a file. Metrics count only licenses that were generated. */
export const JOB_EXECUTIONS = [...EXECUTIONS, 'import'] as const;

export type JobExecution = (typeof JOB_EXECUTIONS)[number];
