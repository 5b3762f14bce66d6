import { createContext, use } from 'react';

import type { LiveRunView } from '@/features/runs/model/liveStore';

export const LiveRunContext = createContext<LiveRunView | null>(null);

export function useLive(): LiveRunView {
  const live = use(LiveRunContext);
  if (!live) throw new Error('useLive needs the run’s layout above it.');
  return live;
}
