/** The frame of every page: navigation at the side, or at the bottom of a phone. */
import { Link, Outlet } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';

import { IconData, IconNetwork, IconPlus, IconRuns, IconSettings } from '@/shared/ui/icons';
import { LogoMark } from '@/shared/ui/Logo';
import { useIdentity } from '@/shared/session';

import { SchemeToggle } from './SchemeToggle';
import css from './Shell.module.css';

const Account = lazy(() => import('./Account').then((module) => ({ default: module.Account })));

const places = [
  { to: '/', name: 'Runs', Icon: IconRuns },
  { to: '/datasets', name: 'Datasets', Icon: IconData },
  { to: '/prototypes', name: 'Prototypes', Icon: IconNetwork },
  { to: '/settings', name: 'Settings', Icon: IconSettings },
] as const;

export function Shell() {
  const { canEdit } = useIdentity();
  return (
    <div className={css.shell}>
      <a className={css.skip} href="#content">
        Skip to the content
      </a>
      <header className={css.bar}>
        <Link to="/" className={css.brand} aria-label="FermiForge, home">
          <LogoMark />
          <span>FermiForge</span>
        </Link>
        {canEdit && (
          <Link to="/runs/new" className={css.start}>
            <IconPlus /> New synthesis
          </Link>
        )}
        <nav className={css.nav} aria-label="Main">
          {places.map(({ to, name, Icon }) => (
            <Link key={to} to={to} activeOptions={{ exact: to === '/' }} className={css.place}>
              <Icon width={18} height={18} />
              <span>{name}</span>
            </Link>
          ))}
        </nav>
        <div className={css.foot}>
          {/* The menu's machinery is loaded after the page. */}
          <Suspense fallback={<span className={css.account} />}>
            <Account />
          </Suspense>
          <SchemeToggle />
        </div>
      </header>
      <main id="content" className={css.content} tabIndex={-1}>
        <Outlet />
      </main>
    </div>
  );
}
