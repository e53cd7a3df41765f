/** The operations of sessions as they are agreed. The generated types replace this file when the interface has them. */
import createClient from 'openapi-fetch';

interface Json<Body> {
  content: { 'application/json': Body };
}

interface Read<Answer, Query = never> {
  parameters: { query?: Query };
  responses: { 200: Json<Answer> };
}

interface Write<Answer, Body> {
  parameters: { query?: never };
  requestBody: Json<Body>;
  responses: { 200: Json<Answer> };
}

export interface Session {
  admin: { id: string; email: string; name: string; role: 'viewer' | 'operator' | 'admin' | 'super_admin' };
  method: 'password' | 'api_key' | 'link' | 'oidc';
  expires_at: string;
  idle_expires_at: string;
  confirmed_until: string | null;
}

interface Installation {
  version: string;
  public_url: string;
  environments: string[];
  time_zone: string;
  temporal_ui_url: string | null;
  temporal_namespace: string;
  test_clocks: boolean;
}

type SignIn = { email: string; password: string } | { api_key: string } | { link_token: string };

interface SessionPaths {
  '/api/v1/session': {
    get: Read<Session>;
    post: Write<Session, SignIn>;
    delete: Read<undefined, { everywhere?: 'true' }>;
  };
  '/api/v1/session/methods': { get: Read<{ oidc: { label: string } | null }> };
  '/api/v1/session/confirm': { post: Write<Session, { password: string } | { api_key: string }> };
  '/api/v1/session/oidc': { post: Write<{ authorization_url: string }, { return_to?: string }> };
  '/api/v1/session/invitation': { post: Write<Session, { token: string; password: string }> };
  '/api/v1/installation': { get: Read<Installation> };
}

export const sessionApi = createClient<SessionPaths>({ baseUrl: '/' });
