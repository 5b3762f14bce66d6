/** Reads the session and gives it to the pages: signed out, the sign-in form stands in their place. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, type ReactNode, Suspense, useMemo, useState } from 'react';

import { sessionQuery } from '@/features/session/api/session';
import { setIdentity } from '@/shared/api/client';
import { type Identity, IdentityContext } from '@/shared/session';
import { LoadError, Loading } from '@/shared/ui/states';

const SignIn = lazy(() =>
  import('@/features/session/components/SignIn').then((module) => ({ default: module.SignIn })),
);

const REMEMBERED = 'fermiforge-workspace';

function remembered(): string | null {
  try {
    return localStorage.getItem(REMEMBERED);
  } catch {
    return null;
  }
}

export function IdentityProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const { data: session, error, refetch } = useQuery(sessionQuery);
  const [chosen, setChosen] = useState(remembered);

  const identity = useMemo<Identity | null>(() => {
    if (!session?.user) return null;
    const wanted = [chosen, session.workspace];
    const workspace =
      wanted.map((id) => session.workspaces.find((w) => w.id === id)).find(Boolean) ??
      session.workspaces[0] ??
      null;
    // Before any page asks for anything.
    setIdentity({ workspace: workspace?.id ?? null });
    return {
      session,
      workspace,
      canEdit: workspace !== null && workspace.role !== 'viewer',
      selectWorkspace: (id) => {
        try {
          localStorage.setItem(REMEMBERED, id);
        } catch {
          // Storage can be blocked: the choice then lasts as long as the page.
        }
        setIdentity({ workspace: id });
        client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
        setChosen(id);
      },
    };
  }, [session, chosen, client]);

  if (error && !session) {
    return (
      <main>
        <h1 className="visually-hidden">FermiForge</h1>
        <LoadError what="FermiForge" error={error} retry={() => void refetch()} />
      </main>
    );
  }
  if (!session) return <Loading what="FermiForge" />;
  if (!identity) {
    return (
      <Suspense fallback={<Loading what="the sign-in form" />}>
        <SignIn />
      </Suspense>
    );
  }
  return <IdentityContext value={identity}>{children}</IdentityContext>;
}
