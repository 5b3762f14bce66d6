import { Button } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';

import { runsQuery } from '@/features/runs/api/runs';
import { RunList } from '@/features/runs/components/RunList';
import { useTitle } from '@/shared/hooks/useTitle';
import { useIdentity } from '@/shared/session';
import { IconPlus } from '@/shared/ui/icons';
import { PageHead } from '@/shared/ui/Panel';
import { Empty, LoadError, Loading } from '@/shared/ui/states';

const FirstRun = lazy(() => import('./FirstRun').then((module) => ({ default: module.FirstRun })));

export function RunsPage() {
  useTitle('Runs');
  const { canEdit } = useIdentity();
  const query = useInfiniteQuery(runsQuery);
  const runs = query.data?.pages.flatMap((page) => page.results) ?? [];
  const first = query.isSuccess && runs.length === 0;

  if (first && canEdit) {
    return (
      <Suspense fallback={<Loading what="the page" />}>
        <FirstRun />
      </Suspense>
    );
  }
  return (
    <>
      <PageHead
        title="Runs"
        aside={
          canEdit && (
            <Button component={Link} to="/runs/new" leftSection={<IconPlus />}>
              Start a synthesis
            </Button>
          )
        }
      >
        Each run turns a prototype into a generator of small networks.
      </PageHead>
      {query.isPending && <Loading what="the runs" />}
      {query.isError && !query.data && (
        <LoadError what="The runs" error={query.error} retry={() => void query.refetch()} />
      )}
      {first && (
        <Empty title="No runs yet">
          You may look but not start runs in this workspace. Ask one of its editors to start a synthesis.
        </Empty>
      )}
      {runs.length > 0 && (
        <RunList
          runs={runs}
          more={query.hasNextPage ? () => void query.fetchNextPage() : null}
          loadingMore={query.isFetchingNextPage}
        />
      )}
    </>
  );
}
