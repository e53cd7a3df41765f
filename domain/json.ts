/** Plain JSON data, as it stands in a jsonb column, a workflow payload and an HTTP body. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** A JSON object. */
export type JsonObject = { [key: string]: Json };
