/** All networks drawn from one generator, and the control that draws more. */
import { SegmentedControl, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';

import type { Run } from '@/shared/api/types';
import { metricName } from '@/shared/format/metrics';
import { plural } from '@/shared/format/numbers';
import { useIdentity } from '@/shared/session';
import { NumberField } from '@/shared/ui/NumberField';
import { Empty, LoadError, Loading } from '@/shared/ui/states';

import { networksQuery } from '../api/networks';
import { arrange, type Order, orders } from '../model/arrange';
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
  const [accepted, setAccepted] = useState(false);
  const [least, setLeast] = useState<number | ''>('');
  const query = useQuery(networksQuery(run.id));
  const { metric } = run;
  const shown = useMemo(() => {
    const filter = { accepted, least: least === '' ? null : least / 100 };
    return arrange(query.data ?? [], order, filter, metric);
  }, [query.data, order, accepted, least, metric]);
  const drawable = run.state === 'COMPLETED';
  const total = query.data?.length ?? 0;

  return (
    <div className={css.page}>
      {drawable && canEdit && (
        <DrawPanel key={run.id} runId={run.id} certified={run.summary.certified} metric={metric} />
      )}
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
              value={accepted ? 'accepted' : 'all'}
              onChange={(value) => {
                setAccepted(value === 'accepted');
              }}
              data={[
                { value: 'all', label: 'All' },
                { value: 'accepted', label: 'Accepted' },
              ]}
            />
            <NumberField
              size="xs"
              className={css.least}
              aria-label={`Least ${metricName(metric)}`}
              placeholder={`${metricName(metric)} from`}
              suffix=" %"
              min={0}
              max={100}
              value={least}
              onChange={setLeast}
            />
            <Select
              size="xs"
              aria-label="Order"
              data={orders(metric)}
              value={order}
              onChange={(value) => {
                setOrder((value ?? '-created_at') as Order);
              }}
            />
          </div>
          {shown.length === 0 ? (
            <Empty title="None is like that">Ask for less, or draw at a larger budget.</Empty>
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
