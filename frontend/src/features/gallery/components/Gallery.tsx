/** All networks drawn from one generator, and the control that draws more. */
import { SegmentedControl, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';

import type { Run } from '@/shared/api/types';
import { plural } from '@/shared/format/numbers';
import { useIdentity } from '@/shared/session';
import { Empty, LoadError, Loading } from '@/shared/ui/states';

import { networksQuery } from '../api/networks';
import { arrange, type Filter, type Order, ORDERS } from '../model/arrange';
import { DrawPanel } from './DrawPanel';
import css from './Gallery.module.css';
import { NetworkCard } from './NetworkCard';

interface GalleryProps {
  run: Run;
  /** Each channel group's width in the prototype, where it is known. */
  full: Record<string, number>;
}

export function Gallery({ run, full }: GalleryProps) {
  const { canEdit } = useIdentity();
  const [order, setOrder] = useState<Order>('-created_at');
  const [filter, setFilter] = useState<Filter>('all');
  const query = useQuery(networksQuery(run.id));
  const shown = useMemo(() => arrange(query.data ?? [], order, filter), [query.data, order, filter]);
  const drawable = run.state === 'COMPLETED';
  const total = query.data?.length ?? 0;

  return (
    <div className={css.page}>
      {drawable && canEdit && <DrawPanel key={run.id} runId={run.id} certified={run.summary.certified} />}
      {query.isPending && <Loading what="the gallery" />}
      {query.isError && !query.data && (
        <LoadError what="The gallery" error={query.error} retry={() => void query.refetch()} />
      )}
      {query.isSuccess && total === 0 && (
        <Empty title="No networks yet">
          {drawable
            ? canEdit
              ? 'Dial a budget above and press Draw: the first network is here in about a second.'
              : 'Ask an editor of this workspace to draw some.'
            : 'Networks can be drawn as soon as the run has completed.'}
        </Empty>
      )}
      {total > 0 && (
        <>
          <div className={css.tools}>
            <h2>{plural(shown.length, 'network')}</h2>
            <SegmentedControl
              size="xs"
              aria-label="Which networks"
              value={filter}
              onChange={(value) => {
                setFilter(value as Filter);
              }}
              data={[
                { value: 'all', label: 'All' },
                { value: 'verified', label: 'Accepted' },
              ]}
            />
            <Select
              size="xs"
              aria-label="Order"
              data={ORDERS}
              value={order}
              onChange={(value) => {
                setOrder((value ?? '-created_at') as Order);
              }}
            />
          </div>
          {shown.length === 0 ? (
            <Empty title="None is accepted">Show all networks, or draw at a larger budget.</Empty>
          ) : (
            <div className={css.grid}>
              {shown.map((network) => (
                <NetworkCard key={network.id} network={network} run={run} full={full} />
              ))}
            </div>
          )}
        </>
      )}
    </div>
  );
}
