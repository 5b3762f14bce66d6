/** The addresses of the application; each page is loaded when it is first visited. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';

import { PageError } from './shell/PageError';
import { NotFound } from './shell/NotFound';
import { Shell } from './shell/Shell';
import { Loading } from '@/shared/ui/states';

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound, errorComponent: PageError });
const getParentRoute = () => root;

const run = createRoute({
  getParentRoute,
  path: '/runs/$runId',
  component: lazyRouteComponent(() => import('./pages/RunLayout'), 'RunLayout'),
});
const getRun = () => run;
const synthesis = createRoute({
  getParentRoute: getRun,
  path: '/',
  component: lazyRouteComponent(() => import('./pages/SynthesisPage'), 'SynthesisPage'),
});
const gallery = createRoute({
  getParentRoute: getRun,
  path: '/gallery',
  component: lazyRouteComponent(() => import('./pages/GalleryPage'), 'GalleryPage'),
});
const network = createRoute({
  getParentRoute: getRun,
  path: '/networks/$networkId',
  component: lazyRouteComponent(() => import('./pages/NetworkPage'), 'NetworkPage'),
});

const routes = [
  createRoute({
    getParentRoute,
    path: '/',
    component: lazyRouteComponent(() => import('./pages/RunsPage'), 'RunsPage'),
  }),
  createRoute({
    getParentRoute,
    path: '/runs/new',
    component: lazyRouteComponent(() => import('./pages/NewRunPage'), 'NewRunPage'),
  }),
  run.addChildren([synthesis, gallery, network]),
  createRoute({
    getParentRoute,
    path: '/datasets',
    component: lazyRouteComponent(() => import('./pages/DatasetPages'), 'DatasetsPage'),
  }),
  createRoute({
    getParentRoute,
    path: '/datasets/$datasetId',
    component: lazyRouteComponent(() => import('./pages/DatasetPages'), 'DatasetPage'),
  }),
  createRoute({
    getParentRoute,
    path: '/prototypes',
    component: lazyRouteComponent(() => import('./pages/PrototypePages'), 'PrototypesPage'),
  }),
  createRoute({
    getParentRoute,
    path: '/prototypes/$prototypeId',
    component: lazyRouteComponent(() => import('./pages/PrototypePages'), 'PrototypePage'),
  }),
  createRoute({
    getParentRoute,
    path: '/settings',
    component: lazyRouteComponent(() => import('./pages/SettingsPage'), 'SettingsPage'),
  }),
] as const;

export const routeTree = root.addChildren(routes);

export const router = createRouter({
  routeTree,
  defaultPreload: 'intent',
  scrollRestoration: true,
  defaultPendingComponent: () => <Loading what="the page" />,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
