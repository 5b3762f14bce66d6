/** Everything about one drawn network: its metrics, what it costs where, and what it says of images. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import type { Metrics, Network, Run } from '@/shared/api/types';
import { metricTitle, metricValue, TASK_METRICS } from '@/shared/format/metrics';
import { plain } from '@/shared/format/numbers';
import { DataTable } from '@/shared/ui/DataTable';
import lists from '@/shared/ui/lists.module.css';
import { Panel } from '@/shared/ui/Panel';
import { Empty, LoadError, Loading } from '@/shared/ui/states';

import { networkQuery } from '../api/networks';
import css from './NetworkDetail.module.css';
import { NetworkCosts } from './NetworkCosts';
import { Predictions } from './Predictions';

interface NetworkDetailProps {
  id: string;
  run: Run;
}

export function NetworkDetail({ id, run }: NetworkDetailProps) {
  const query = useQuery(networkQuery(id));
  const network = query.data;
  return (
    <div className={css.page}>
      <div>
        <Link to="/runs/$runId/gallery" params={{ runId: run.id }} className={lists.crumb}>
          ← Gallery
        </Link>
        {network && (
          <h2 className={css.title}>
            Seed {network.seed}
            {network.budget !== null && <small>budget {plain(network.budget)}</small>}
          </h2>
        )}
      </div>
      {query.isPending && <Loading what="the network" />}
      {query.isError && (
        <LoadError what="The network" error={query.error} retry={() => void query.refetch()} />
      )}
      {network && network.state !== 'ready' && (
        <Empty title="Nothing to show yet">
          {network.problem?.message ?? 'This network is being drawn; it is here in a moment.'}
        </Empty>
      )}
      {network?.state === 'ready' && (
        <>
          {network.formats.includes('predictions') && <Predictions networkId={id} />}
          <div className={css.columns}>
            <MetricsPanel network={network} run={run} />
            <NetworkCosts network={network} />
          </div>
        </>
      )}
    </div>
  );
}

const SPLITS: { name: keyof Metrics; does: string }[] = [
  { name: 'validation', does: 'guided the search' },
  { name: 'calibration', does: 'accepted it' },
  { name: 'test', does: 'decided nothing' },
];

function MetricsPanel({ network, run }: { network: Network; run: Run }) {
  return (
    <Panel title="Metrics" note={`Its run is about the first column: ${metricTitle(run.metric)}.`}>
      <DataTable
        caption="Metrics by split"
        rows={SPLITS}
        rowKey={({ name }) => name}
        columns={[
          { head: 'Split', cell: ({ name }) => name },
          ...[...TASK_METRICS[run.task]]
            .sort((a, b) => Number(b === run.metric) - Number(a === run.metric))
            .map((metric) => ({
              head: metricTitle(metric),
              number: true,
              cell: ({ name }: (typeof SPLITS)[number]) =>
                metricValue(metric, network.metrics?.[name]?.[metric]),
            })),
          { head: 'Which images', cell: ({ does }) => does },
        ]}
      />
    </Panel>
  );
}
