/** How the cycles go: NetScore and yield. */
import { useMemo } from 'react';

import type { Run, TaskMetric } from '@/shared/api/types';
import { LineChart } from '@/shared/charts/lazy';
import type { Span } from '@/shared/charts/view';
import { metricTitle, metricValue } from '@/shared/format/metrics';
import { decibels, percent, plain } from '@/shared/format/numbers';
import { DataTable } from '@/shared/ui/DataTable';
import { Panel } from '@/shared/ui/Panel';

import type { Cycle } from '../model/events';
import css from './run.module.css';

const WHOLE: Span = [0, 1];
const cycleName = (k: number) => (Number.isInteger(k) ? String(k) : '');

export function CycleCharts({ run, cycles }: { run: Run; cycles: readonly Cycle[] }) {
  const x = useMemo(() => cycles.map(({ k }) => k), [cycles]);
  const score = useMemo(() => {
    const best = cycles.map(({ designs }) =>
      designs.filter((d) => d.meets).reduce((top, d) => Math.max(top, d.netscore), -Infinity),
    );
    return [
      {
        name: 'best that meets',
        values: best.map((value) => (Number.isFinite(value) ? value : null)),
        color: 'accent',
      },
      { name: 'mean', values: cycles.map(({ netscore }) => netscore), color: 'cool', dashed: true },
    ];
  }, [cycles]);
  const hope = useMemo(
    () => [{ name: 'yield', values: cycles.map((c) => c.yield_estimate), color: 'accent' }],
    [cycles],
  );
  const prototypeScore = run.summary.prototype?.netscore;
  const scoreLine = useMemo(
    () =>
      prototypeScore === undefined
        ? null
        : { value: prototypeScore, name: `prototype ${decibels(prototypeScore)}` },
    [prototypeScore],
  );
  const target = useMemo(
    () => ({ value: run.target_yield, name: `target ${percent(run.target_yield, 0)}` }),
    [run.target_yield],
  );
  if (cycles.length === 0) return null;

  return (
    <>
      <div className={css.pair}>
        <Panel title="NetScore by cycle (dB)">
          <LineChart
            label="NetScore in dB by cycle"
            x={x}
            lines={score}
            reference={scoreLine}
            xFormat={cycleName}
            yFormat={(v) => v.toFixed(1)}
          />
        </Panel>
        <Panel title="Yield, estimated">
          <LineChart
            label="Estimated yield by cycle"
            x={x}
            lines={hope}
            reference={target}
            ySpan={WHOLE}
            xFormat={cycleName}
            yFormat={(v) => percent(v, 0)}
          />
        </Panel>
      </div>
      <details className={css.details}>
        <summary>The cycles as a table</summary>
        <CycleTable cycles={cycles} metric={run.metric} />
      </details>
    </>
  );
}

function CycleTable({ cycles, metric }: { cycles: readonly Cycle[]; metric: TaskMetric }) {
  return (
    <DataTable
      caption="Cycles"
      rows={cycles}
      rowKey={(cycle) => cycle.k}
      columns={[
        { head: 'Cycle', cell: (c) => c.k },
        { head: 'Designs', number: true, cell: (c) => c.designs.length },
        {
          head: `${metricTitle(metric)}, mean`,
          number: true,
          cell: (c) => metricValue(metric, c.metrics.validation?.[metric]),
        },
        { head: 'NetScore, mean', number: true, cell: (c) => decibels(c.netscore) },
        { head: 'Yield estimate', number: true, cell: (c) => percent(c.yield_estimate, 0) },
        { head: 'Loss', number: true, cell: (c) => plain(c.loss, 3) },
        { head: '‖Δθ_G‖', number: true, cell: (c) => plain(c.delta_theta_norm, 3) },
        { head: 'Rank correlation', number: true, cell: (c) => plain(c.rank_correlation) },
        { head: 'Sizes only', number: true, cell: (c) => plain(c.rank_correlation_sizes) },
      ]}
    />
  );
}
