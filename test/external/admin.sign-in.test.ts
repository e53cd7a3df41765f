/** Signing in to the admin pages in a browser, in each way, and what a session is protected by. */
import { startAdminPages } from '../harness/admin-pages';
import type { AdminPages } from '../harness/admin-pages';
import { press } from '../harness/admin-steps';
import { describeWithTool } from '../harness/external-tool';
import { CLIENT_ID, CLIENT_SECRET, startIdentityProvider } from '../harness/identity-provider';
import type { TestIdentityProvider } from '../harness/identity-provider';
import { callStack } from '../harness/stack-client';
import { randomTestPort } from '../harness/test-ports';

const TIMEOUT_MS = 120_000;
const PASSWORD = 'four words make a password';

describeWithTool('chromium', (program) => {
  let pages: AdminPages;
  let provider: TestIdentityProvider;

  beforeAll(async () => {
    const port = randomTestPort();
    const env = {
      OIDC_ISSUER: `http://127.0.0.1:${port}`,
      OIDC_CLIENT_ID: CLIENT_ID,
      OIDC_CLIENT_SECRET: CLIENT_SECRET,
      OIDC_LABEL: 'Example Login',
    };
    pages = await startAdminPages(program, { env });
    provider = await startIdentityProvider(`${pages.stack.addresses.api_url}/api/v1/session/oidc/callback`, port);
  }, TIMEOUT_MS);
  afterEach(() => pages.endTest());
  afterAll(async () => {
    await provider.close();
    await pages.end();
  });

  async function addAdmin(email: string): Promise<string> {
    const body = { email, name: 'Ada of the sign-in', role: 'admin' };
    return (await callStack(pages.stack, 'POST', '/admins', { body })).body.id as string;
  }

  test(
    'an invited admin sets a password once, is signed in, signs out, and signs in with the password',
    async () => {
      pages.expectComplaint(/status of 401/);
      const invitation = await callStack(
        pages.stack,
        'POST',
        `/admins/${await addAdmin('ada@example.com')}/invitation`,
      );
      const page = await pages.open('sign-in');
      await page.goto(invitation.body.url as string);
      await page.getByLabel('New password').fill(PASSWORD);
      await page.getByLabel('The same password again').fill(PASSWORD);
      await press(page, 'Set the password and sign in');
      await page.getByRole('heading', { level: 1, name: 'Contracts' }).waitFor();

      const [cookie] = await page.context().cookies();
      expect(cookie).toMatchObject({ name: '__Host-covenant_session', httpOnly: true, secure: true, sameSite: 'Lax' });
      expect(await page.evaluate<string>('document.cookie')).toBe('');

      await page.getByRole('button', { name: /^Your account/ }).click();
      await page.getByRole('menuitem', { name: 'Sign out', exact: true }).click();
      await page.getByLabel('Email').fill('ada@example.com');
      await page.getByLabel(/^Password/).fill('not this one at all');
      await press(page, 'Sign in');
      await page.getByRole('alert').waitFor();
      await page.getByLabel(/^Password/).fill(PASSWORD);
      await press(page, 'Sign in');
      await page.getByRole('heading', { level: 1, name: 'Contracts' }).waitFor();
      const [after] = await page.context().cookies();
      expect(after?.value).not.toBe(cookie?.value);

      const second = await pages.open('sign-in');
      await second.goto(invitation.body.url as string);
      await second.getByLabel('New password').fill('another password of mine');
      await second.getByLabel('The same password again').fill('another password of mine');
      await press(second, 'Set the password and sign in');
      await second.getByRole('alert').waitFor();
    },
    TIMEOUT_MS,
  );

  test(
    'the identity provider signs an admin in, and the page that was wanted opens',
    async () => {
      await addAdmin('grace@example.com');
      provider.people.set('grace', { email: 'grace@example.com', email_verified: true });
      provider.answerAs('grace');
      pages.expectComplaint(/status of 401|a request to http/);
      const page = await pages.open('customers');
      await press(page, 'Continue with Example Login');
      await page.getByRole('heading', { level: 1, name: 'Customers' }).waitFor();
    },
    TIMEOUT_MS,
  );

  test(
    'a person whom the provider knows and Covenant does not is refused on the sign-in page',
    async () => {
      provider.people.set('mallory', { email: 'mallory@example.com', email_verified: true });
      provider.answerAs('mallory');
      pages.expectComplaint(/status of 401|a request to http/);
      const page = await pages.open('sign-in?return_to=//evil.example/');
      await press(page, 'Continue with Example Login');
      await page.waitForURL(/sign-in.*error=/);
      await page.getByRole('alert').waitFor();
      expect(new URL(page.url()).origin).toBe(new URL(pages.url).origin);
    },
    TIMEOUT_MS,
  );
});
