/** Which page stands at which address. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';
import type { ErrorComponentProps } from '@tanstack/react-router';
import { NotFoundPage } from './base/not-found-page';
import { CrashPage } from './base/crash-page';
import { SignedInFrame } from './frame/signed-in-frame';
import { ConfirmedPage } from './access/confirmed-page';
import { InvitationPage } from './access/invitation-page';
import { SignInPage } from './access/sign-in-page';
import { PAGES } from './pages';

const root = createRootRoute({ notFoundComponent: NotFoundPage });

const signIn = createRoute({ getParentRoute: () => root, path: 'sign-in', component: SignInPage });
const invitation = createRoute({ getParentRoute: () => root, path: 'invitation', component: InvitationPage });

const confirmed = createRoute({ getParentRoute: () => root, path: 'confirmed', component: ConfirmedPage });

const frame = createRoute({ getParentRoute: () => root, id: 'frame', component: SignedInFrame });
const home = createRoute({
  getParentRoute: () => frame,
  path: '/',
  beforeLoad: () => {
    // The router throws redirects as values.
    // eslint-disable-next-line @typescript-eslint/only-throw-error
    throw redirect({ to: '/contracts' });
  },
});
const pages = PAGES.map(({ path, page }) =>
  createRoute({ getParentRoute: () => frame, path, component: lazyRouteComponent(page) }),
);

export const router = createRouter({
  routeTree: root.addChildren([signIn, invitation, confirmed, frame.addChildren([home, ...pages])]),
  basepath: '/admin',
  defaultPreload: 'intent',
  scrollRestoration: true,
  // A page keeps its dialogs and its input for one contract, one license: another one begins without them.
  defaultRemountDeps: ({ params }) => params,
  // Every parameter is a text: names that look like numbers stay as they are.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const text = new URLSearchParams(search as Record<string, string>).toString();
    return text === '' ? '' : `?${text}`;
  },
  defaultErrorComponent: (props: ErrorComponentProps) => <CrashPage {...props} />,
});
