/**
 * The identity provider of the organization, by OpenID Connect. It is asked for its addresses at the first sign-in and not at the start of
 * the process, so that an unreachable provider keeps no process from starting.
 */
import type * as Client from 'openid-client';
import { ProviderFailed } from '../domain/access/oidc';
import type { IdentityProvider, ProviderAccount } from '../domain/access/oidc';

/** How the provider is reached, and by what name it knows Covenant. */
export interface OidcSettings {
  issuer: string;
  client_id: string;
  client_secret: string;
  label: string;
  /** Where the provider sends people back to. */
  redirect_uri: string;
}

type OpenIdClient = typeof Client;

const REQUEST_TIMEOUT_S = 5;
/** How long the addresses and keys of the provider are used before they are read again. */
const DISCOVERY_MS = 3_600_000;

export function createIdentityProvider(settings: OidcSettings): IdentityProvider {
  const { label, redirect_uri } = settings;
  const discover = createDiscovery(settings);
  return {
    label,
    async begin({ fresh }) {
      const client = await loadClient();
      const configuration = await discover(client);
      const secrets = {
        state: client.randomState(),
        nonce: client.randomNonce(),
        code_verifier: client.randomPKCECodeVerifier(),
      };
      const url = client.buildAuthorizationUrl(configuration, {
        redirect_uri,
        scope: 'openid email',
        state: secrets.state,
        nonce: secrets.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(secrets.code_verifier),
        code_challenge_method: 'S256',
        ...(fresh ? { prompt: 'login', max_age: '0' } : {}),
      });
      return { authorization_url: url.href, secrets };
    },
    async finish(parameters, { state, nonce, code_verifier }) {
      const client = await loadClient();
      const configuration = await discover(client);
      const url = new URL(redirect_uri);
      url.search = new URLSearchParams(parameters).toString();
      const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: code_verifier };
      try {
        const tokens = await client.authorizationCodeGrant(configuration, url, { ...checks, idTokenExpected: true });
        return await accountOf(client, configuration, tokens);
      } catch (error) {
        throw failedAnswer(client, error);
      }
    },
  };
}

/** Loaded when it is first needed: most installations and most tests have no identity provider. */
function loadClient(): Promise<OpenIdClient> {
  return import('openid-client');
}

/** Reads the addresses of the provider once for a while. A failure is not kept: the next sign-in asks again. */
function createDiscovery(settings: OidcSettings): (client: OpenIdClient) => Promise<Client.Configuration> {
  let cached: { configuration: Promise<Client.Configuration>; until: number } | undefined;
  return (client) => {
    if (cached !== undefined && Date.now() < cached.until) return cached.configuration;
    const configuration = readConfiguration(client, settings).catch((error: unknown) => {
      cached = undefined;
      throw new ProviderFailed('provider_unavailable', reasonOf(error));
    });
    cached = { configuration, until: Date.now() + DISCOVERY_MS };
    return configuration;
  };
}

async function readConfiguration(
  client: OpenIdClient,
  { issuer, client_id, client_secret }: OidcSettings,
): Promise<Client.Configuration> {
  const server = new URL(issuer);
  // The settings accept an issuer without TLS on this machine only.
  const insecure = server.protocol === 'http:' ? [client.allowInsecureRequests] : [];
  const options = { timeout: REQUEST_TIMEOUT_S, execute: [...insecure, client.enableNonRepudiationChecks] };
  const metadata = { client_secret };
  const basic = await client.discovery(server, client_id, metadata, client.ClientSecretBasic(client_secret), options);
  const methods = basic.serverMetadata().token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
  if (methods.includes('client_secret_basic')) return basic;
  const post = new client.Configuration(
    basic.serverMetadata(),
    client_id,
    metadata,
    client.ClientSecretPost(client_secret),
  );
  post.timeout = REQUEST_TIMEOUT_S;
  for (const extend of options.execute) extend(post);
  return post;
}

type Tokens = Awaited<ReturnType<OpenIdClient['authorizationCodeGrant']>>;

async function accountOf(
  client: OpenIdClient,
  configuration: Client.Configuration,
  tokens: Tokens,
): Promise<ProviderAccount> {
  const claims = tokens.claims();
  if (claims === undefined) throw new ProviderFailed('answer_invalid', 'the answer has no ID token');
  const { iss: issuer, sub: subject, auth_time } = claims;
  const has_user_info = configuration.serverMetadata().userinfo_endpoint !== undefined;
  // Many providers have the address in the user info only.
  const { email, email_verified } =
    claims['email'] === undefined && has_user_info
      ? await client.fetchUserInfo(configuration, tokens.access_token, subject)
      : claims;
  return {
    issuer,
    subject,
    verified_email: typeof email === 'string' && email_verified === true ? email : null,
    authenticated_at: typeof auth_time === 'number' ? new Date(auth_time * 1_000).toISOString() : null,
  };
}

function failedAnswer(client: OpenIdClient, error: unknown): ProviderFailed {
  if (error instanceof ProviderFailed) return error;
  const reason = reasonOf(error);
  if (error instanceof client.AuthorizationResponseError) return new ProviderFailed('provider_refused', reason);
  return new ProviderFailed(isUnreachable(error) ? 'provider_unavailable' : 'answer_invalid', reason);
}

/** Whether a request got no answer: it could not be sent, or took too long. `fetch` throws a TypeError with the cause. */
function isUnreachable(error: unknown): boolean {
  const { name, code, cause } = error as { name?: string; code?: unknown; cause?: unknown };
  return (name === 'TypeError' && cause !== undefined) || code === 'OAUTH_TIMEOUT' || code === 'OAUTH_ABORT';
}

/** What a log may say of an error of the client, whose causes have parts of requests and answers. */
function reasonOf(error: unknown): string {
  const { name, code, message, cause } = error as { name?: string; code?: unknown; message?: string; cause?: unknown };
  const of_socket = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined;
  return [name, code, of_socket, message].filter((part) => typeof part === 'string').join(': ');
}
