/** The frame of one run: its header and tabs, over one live connection that both tabs share. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useParams } from '@tanstack/react-router';
import { useCallback } from 'react';

import { takeNetwork } from '@/features/gallery/api/networks';
import { runQuery } from '@/features/runs/api/runs';
import { RunHeader } from '@/features/runs/components/RunHeader';
import { useLiveRun } from '@/features/runs/model/useLiveRun';
import type { NetworkChange } from '@/features/runs/model/events';
import type { Run, RunEvent } from '@/shared/api/types';
import { useTitle } from '@/shared/hooks/useTitle';
import { PageHead } from '@/shared/ui/Panel';
import { LoadError, Loading } from '@/shared/ui/states';

import { LiveRunContext } from './liveRun';
import css from './RunLayout.module.css';

export function RunLayout() {
  const { runId } = useParams({ from: '/runs/$runId' });
  const query = useQuery(runQuery(runId));
  if (query.data) return <LiveRun key={runId} snapshot={query.data} clockedAt={query.dataUpdatedAt} />;
  if (query.isPending) return <Loading what="the run" />;
  return (
    <>
      <PageHead title="Run" />
      <LoadError what="The run" error={query.error} retry={() => void query.refetch()} />
    </>
  );
}

function LiveRun({ snapshot, clockedAt }: { snapshot: Run; clockedAt: number }) {
  const client = useQueryClient();
  const onEvent = useCallback(
    (event: RunEvent) => {
      if (event.type === 'network') takeNetwork(client, (event.payload as NetworkChange).network);
    },
    [client],
  );
  const live = useLiveRun(snapshot, onEvent);
  useTitle(live.run.name);
  const params = { runId: snapshot.id };
  return (
    <LiveRunContext value={live}>
      <RunHeader live={live} clockedAt={clockedAt} />
      <nav className={css.tabs} aria-label="Run">
        <Link to="/runs/$runId" params={params} activeOptions={{ exact: true }}>
          Synthesis
        </Link>
        <Link to="/runs/$runId/gallery" params={params}>
          Gallery
        </Link>
      </nav>
      <Outlet />
    </LiveRunContext>
  );
}
