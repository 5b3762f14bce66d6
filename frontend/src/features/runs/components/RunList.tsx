/** The runs, newest first; each row leads to its run. */
import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';

import type { Run } from '@/shared/api/types';
import { requirementText } from '@/shared/format/metrics';
import { percent, signedDecibels, times } from '@/shared/format/numbers';
import { ago, duration, moment } from '@/shared/format/time';
import { Meter } from '@/shared/ui/Meter';

import { isActive } from '../api/runs';
import css from './RunList.module.css';
import { StateBadge } from './StateBadge';

interface RunListProps {
  runs: readonly Run[];
  more: (() => void) | null;
  loadingMore: boolean;
}

export function RunList({ runs, more, loadingMore }: RunListProps) {
  return (
    <>
      <ul className={css.list}>
        {runs.map((run) => (
          <li key={run.id}>
            <RunRow run={run} />
          </li>
        ))}
      </ul>
      {more && (
        <Button variant="default" onClick={more} loading={loadingMore} mt="md">
          Show older runs
        </Button>
      )}
    </>
  );
}

function RunRow({ run }: { run: Run }) {
  const { summary } = run;
  const active = isActive(run.state);
  return (
    <article className={css.row}>
      <div className={css.what}>
        <Link to="/runs/$runId" params={{ runId: run.id }} className={css.name}>
          {run.name}
        </Link>
        <span className={css.asks}>{run.requirements.map(requirementText).join(' · ')}</span>
      </div>
      <div className={css.state}>
        <StateBadge run={run} />
        {active ? (
          <Meter label={`Progress of ${run.name}`} fraction={summary.fraction} />
        ) : (
          <span title={moment(run.created_at)}>{ago(run.created_at)}</span>
        )}
      </div>
      <dl className={css.figures}>
        <Gain run={run} />
        <div>
          <dt>Yield</dt>
          <dd>
            {summary.certified
              ? percent(summary.certified.yield.accepted.value)
              : summary.yield_estimate !== null
                ? `≈ ${percent(summary.yield_estimate, 0)}`
                : '–'}
          </dd>
        </div>
        <div>
          <dt>Time</dt>
          <dd>{duration(run.elapsed_s)}</dd>
        </div>
      </dl>
    </article>
  );
}

/** What the best design won over the prototype; one that meets the requirements, or nothing is claimed. */
function Gain({ run: { summary } }: { run: Run }) {
  const { best, prototype } = summary;
  const gain = best?.meets && prototype?.netscore !== undefined ? best.netscore - prototype.netscore : null;
  return (
    <>
      <div>
        <dt>NetScore</dt>
        <dd className={gain !== null && gain > 0 ? css.gain : undefined}>{signedDecibels(gain)}</dd>
      </div>
      <div>
        <dt>Parameters</dt>
        <dd>
          {best?.meets && prototype?.params !== undefined
            ? `${times(prototype.params, best.params)} fewer`
            : '–'}
        </dd>
      </div>
    </>
  );
}
