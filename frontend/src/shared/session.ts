/** Who is using the application, for every feature to read; the app fills it from the session. */
import { createContext, use } from 'react';

import type { Session, Workspace } from '@/shared/api/types';

export interface Identity {
  session: Session;
  workspace: Workspace | null;
  /** Viewers read; editors and admins also write. */
  canEdit: boolean;
  selectWorkspace: (id: string) => void;
}

export const IdentityContext = createContext<Identity | null>(null);

export function useIdentity(): Identity {
  const identity = use(IdentityContext);
  if (!identity) throw new Error('useIdentity needs IdentityContext above it.');
  return identity;
}
