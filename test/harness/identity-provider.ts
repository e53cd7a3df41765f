/** A real identity provider on 127.0.0.1, and a browser in which a person signs in there. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type ProviderType from 'oidc-provider';
import { createIdentityProvider } from '../../adapters/oidc';
import type { IdentityProvider } from '../../domain/access/oidc';

/** What the provider knows of a person, by the subject. */
export type People = Map<string, { email: string; email_verified: boolean }>;

export interface TestIdentityProvider {
  people: People;
  /** What an API uses. */
  provider: IdentityProvider;
  /** Makes this person the one who answers the provider in a browser. */
  answerAs(subject: string): void;
  /** Goes to the page of the provider, signs in as this person, and returns the address that the provider sends the browser back to. */
  signIn(authorization_url: string, subject: string): Promise<URL>;
  close(): Promise<void>;
}

/** The client that the provider knows. */
export const CLIENT_SECRET = 'secret-of-the-client-at-the-provider';
export const CLIENT_ID = 'covenant';
const INTERACTION = '/interaction/';
const REDIRECTS_MAX = 10;
const TTL_S = 600;

/** A provider without a server, at which everyone is the same person. */
export const ONE_PERSON_PROVIDER: IdentityProvider = {
  label: 'Example Login',
  begin: () =>
    Promise.resolve({
      authorization_url: 'https://login.test/',
      secrets: { state: randomUUID(), nonce: 'nonce', code_verifier: 'verifier' },
    }),
  finish: () =>
    Promise.resolve({ issuer: 'https://login.test', subject: 'viewer', verified_email: null, authenticated_at: null }),
};

/** Starts a provider that sends people back to this address. Without a port, it takes a free one. */
export async function startIdentityProvider(redirect_uri: string, port = 0): Promise<TestIdentityProvider> {
  // It warns that this version of Node is not its own, and that its keys and its store are those of a test.
  const silent = jest.spyOn(console, 'warn').mockImplementation();
  const { default: Provider } = await import('oidc-provider');
  const people: People = new Map();
  /** Who answers the question that is open. */
  let person = '';
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider: ProviderType = new Provider(issuer, {
    clients: [{ client_id: CLIENT_ID, client_secret: CLIENT_SECRET, redirect_uris: [redirect_uri] }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    cookies: { keys: ['key of the cookies'] },
    features: { devInteractions: { enabled: false } },
    ttl: {
      AccessToken: TTL_S,
      AuthorizationCode: TTL_S,
      Grant: TTL_S,
      IdToken: TTL_S,
      Interaction: TTL_S,
      Session: TTL_S,
    },
    interactions: { url: (_, { uid }) => `${INTERACTION}${uid}` },
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId, ...people.get(accountId) }) }),
    async loadExistingGrant({ oidc }) {
      const grant = new provider.Grant({ clientId: CLIENT_ID, accountId: oidc.session?.accountId });
      grant.addOIDCScope('openid email');
      await grant.save();
      return grant;
    },
  });
  silent.mockRestore();
  const answer = provider.callback();
  server.on('request', (request, response) => {
    if (request.url?.startsWith(INTERACTION))
      void provider.interactionFinished(request, response, { login: { accountId: person } });
    else void answer(request, response);
  });
  return {
    people,
    provider: createIdentityProvider({
      ...{ issuer, client_id: CLIENT_ID, client_secret: CLIENT_SECRET, label: 'Example Login', redirect_uri },
    }),
    answerAs: (subject) => void (person = subject),
    signIn(authorization_url, subject) {
      person = subject;
      return followUntil(authorization_url, redirect_uri);
    },
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Follows redirections with the cookies of one browser, until one leads to the application. */
async function followUntil(address: string, redirect_uri: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let url = new URL(address);
  for (let followed = 0; followed < REDIRECTS_MAX; followed += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { redirect: 'manual', headers: { Cookie: cookie } });
    for (const set of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      cookies.set(name, value);
    }
    const location = response.headers.get('location');
    if (location === null) throw new Error(`${url.href}: ${response.status} ${await response.text()}`);
    url = new URL(location, url);
    if (url.href.startsWith(redirect_uri)) return url;
  }
  throw new Error('the provider redirects without end');
}
