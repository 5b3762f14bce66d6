/** The certificate: yield with its bounds, the calibrated budget range, and the scan over budgets. */
import { useMemo } from 'react';

import type { Certified, Run, YieldBound } from '@/shared/api/types';
import { LineChart } from '@/shared/charts/lazy';
import type { Span } from '@/shared/charts/view';
import { metricName, metricTitle, metricValue } from '@/shared/format/metrics';
import { count, macs, percent, plain, signed } from '@/shared/format/numbers';
import { DataTable } from '@/shared/ui/DataTable';
import { Figure, Figures } from '@/shared/ui/Figure';
import { Panel } from '@/shared/ui/Panel';

import css from './certified.module.css';

const WHOLE: Span = [0, 1];

export function CertifiedPanel({ certified, run }: { certified: Certified; run: Run }) {
  const { metric } = run;
  const mean = `mean ${metricName(metric)}`;
  const { yield: found, budget_range, target_yield, confidence, scan } = certified;
  const x = useMemo(() => scan.map(({ budget }) => budget), [scan]);
  const lines = useMemo(
    () => [
      { name: 'raw yield', values: scan.map((s) => s.raw_yield), color: 'accent', points: true },
      { name: mean, values: scan.map((s) => s.mean_accuracy), color: 'cool', dashed: true },
    ],
    [scan, mean],
  );
  const target = useMemo(
    () => ({ value: target_yield, name: `target yield ${percent(target_yield, 0)}` }),
    [target_yield],
  );

  return (
    <Panel
      title="Certificate"
      note={`Measured on fresh seeds after the generator was frozen, on data kept aside. Whiskers are exact ${percent(confidence, 0)} bounds.`}
    >
      <div className={css.grid}>
        <div className={css.bounds}>
          <Bound
            name="Raw yield"
            note="the first decoding of each seed"
            bound={found.raw}
            target={target_yield}
          />
          <Bound
            name="Accepted yield"
            note="with up to 8 decodings of a seed"
            bound={found.accepted}
            target={target_yield}
          />
          <Figures width={104}>
            <Figure name="Calibrated budgets" note="where the target yield holds">
              {plain(budget_range[0])} – {plain(budget_range[1])}
            </Figure>
            <Figure name="Distinct designs" note="after rounding">
              {percent(certified.distinct)}
            </Figure>
            <Figure name="Mean distance" note="between designs">
              {plain(certified.mean_distance, 3)}
            </Figure>
            <Figure
              name="Safety margin"
              note={`added to the requirement, for ${percent(run.confidence)} confidence`}
            >
              {signed(certified.margin * 100, 2)} pts
            </Figure>
          </Figures>
        </div>
        <div>
          <h3>Scan over budgets</h3>
          <LineChart
            label={`Raw yield and ${mean} by budget; the calibrated range is shaded`}
            x={x}
            lines={lines}
            ySpan={WHOLE}
            reference={target}
            xShade={budget_range}
            xFormat={(v) => plain(v)}
            yFormat={(v) => percent(v, 1)}
          />
          <details className={css.details}>
            <summary>The scan as a table</summary>
            <DataTable
              caption="Scan over budgets"
              rows={scan}
              rowKey={(row) => row.budget}
              columns={[
                { head: 'Budget', cell: (row) => plain(row.budget) },
                { head: 'Raw yield', number: true, cell: (row) => percent(row.raw_yield) },
                {
                  head: `${metricTitle(metric)}, mean`,
                  number: true,
                  cell: (row) => metricValue(metric, row.mean_accuracy),
                },
                { head: 'Parameters', number: true, cell: (row) => count(row.params) },
                { head: 'MACs', number: true, cell: (row) => macs(row.macs) },
              ]}
            />
          </details>
        </div>
      </div>
    </Panel>
  );
}

/** A share with its interval, drawn to scale from 0 to 100 %. */
function Bound({
  name,
  note,
  bound,
  target,
}: {
  name: string;
  note: string;
  bound: YieldBound;
  target: number;
}) {
  const { passed, n, value, low, high } = bound;
  const at = (share: number) => `${String(share * 100)}%`;
  return (
    <div className={css.bound}>
      <div className={css.boundHead}>
        <span>
          <b>{name}</b> {note}
        </span>
        <strong>{percent(value)}</strong>
      </div>
      <div className={css.track} aria-hidden>
        <span className={css.fill} style={{ width: at(value) }} />
        <span className={css.whisker} style={{ left: at(low), width: at(Math.max(0, high - low)) }} />
        <span className={css.target} style={{ left: at(target) }} />
      </div>
      <small>
        {passed} of {n} seeds · between {percent(low)} and {percent(high)} · target {percent(target, 0)}
      </small>
    </div>
  );
}
