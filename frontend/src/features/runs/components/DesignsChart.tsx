/** The run's metric against the cost of every design that the cycles tried, with the prototype and the requirements. */
import { SegmentedControl, useComputedColorScheme } from '@mantine/core';
import { useMemo, useState } from 'react';

import type { Run, TaskMetric, TriedDesign } from '@/shared/api/types';
import { ScatterChart } from '@/shared/charts/lazy';
import { rampGradient } from '@/shared/charts/palette';
import { metricName, metricTitle, metricValue, requirementText } from '@/shared/format/metrics';
import { count, decibels, macs, plain } from '@/shared/format/numbers';
import { Panel } from '@/shared/ui/Panel';
import { Empty } from '@/shared/ui/states';

import { isOver } from '../api/runs';
import type { Cycle } from '../model/events';
import css from './run.module.css';

type Cost = 'params' | 'macs';

interface DesignPoint {
  x: number;
  y: number;
  shade: number;
  filled: boolean;
  k: number;
  design: TriedDesign;
}

const formats = { params: count, macs };

export function DesignsChart({ run, cycles }: { run: Run; cycles: readonly Cycle[] }) {
  const [cost, setCost] = useState<Cost>('params');
  const { metric } = run;
  const scheme = useComputedColorScheme('light');
  const lastK = cycles.at(-1)?.k ?? 1;
  const points = useMemo<DesignPoint[]>(
    () =>
      cycles.flatMap(({ k, designs }) =>
        designs.map((design) => ({
          x: design[cost],
          y: design[metric] ?? 0,
          shade: lastK > 1 ? (k - 1) / (lastK - 1) : 1,
          filled: design.meets,
          k,
          design,
        })),
      ),
    [cycles, cost, lastK, metric],
  );

  const { prototype } = run.summary;
  const prototypeCost = prototype?.[cost];
  const value = prototype?.value ?? null;
  const landmark = useMemo(
    () =>
      prototypeCost !== undefined && value !== null
        ? { x: prototypeCost, y: value, name: 'prototype' }
        : null,
    [prototypeCost, value],
  );
  const floor = run.requirements.find((each) => each.metric === metric);
  const limit = run.requirements.find((each) => each.metric === cost);
  const yLine = useMemo(
    () =>
      floor
        ? {
            value: floor.value,
            name: `required: ${requirementText(floor)}`,
          }
        : null,
    [floor],
  );
  const xLine = useMemo(
    () => (limit ? { value: limit.value, name: `≤ ${formats[cost](limit.value)}` } : null),
    [limit, cost],
  );
  const name = cost === 'params' ? 'parameters' : 'MACs';
  const over = isOver(run.state);
  const meeting = points.filter(({ filled }) => filled).length;

  return (
    <Panel
      title="Designs tried"
      note="Each dot is a network that the generator proposed, measured on search validation. Filled dots meet every requirement with the margin that acceptance needs."
      aside={
        <SegmentedControl
          size="xs"
          aria-label="Cost on the horizontal axis"
          value={cost}
          onChange={(value) => {
            setCost(value as Cost);
          }}
          data={[
            { value: 'params', label: 'Parameters' },
            { value: 'macs', label: 'MACs' },
          ]}
        />
      }
    >
      {points.length === 0 ? (
        <Empty title={over ? 'No designs' : 'No designs yet'}>
          {over
            ? 'The run ended before its first cycle.'
            : 'They appear here as soon as the first cycle has measured some.'}
        </Empty>
      ) : (
        <>
          <ScatterChart
            label={`${metricTitle(metric)} against ${name} of ${String(points.length)} designs, ${String(meeting)} of which meet the requirements`}
            points={points}
            xLog
            xName={`${name} (log)`}
            yName={metricName(metric)}
            xFormat={formats[cost]}
            yFormat={(y) => metricValue(metric, y)}
            landmark={landmark}
            yLine={yLine}
            xLine={xLine}
            tip={(point) => <DesignTip {...point} metric={metric} />}
          />
          <div className={css.rampKey}>
            <span>cycle 1</span>
            <i style={{ background: rampGradient(scheme) }} aria-hidden />
            <span>cycle {lastK}</span>
            <span className={css.hint}>Drag to zoom, shift-drag to pan, double-click for all</span>
          </div>
        </>
      )}
    </Panel>
  );
}

function DesignTip({ k, design, metric }: DesignPoint & { metric: TaskMetric }) {
  return (
    <>
      <b>{metricValue(metric, design[metric])}</b> · {count(design.params)} params · {macs(design.macs)} MACs
      <br />
      NetScore {decibels(design.netscore)} · cycle {k} · seed {design.seed} · budget {plain(design.budget)}
      <br />
      {design.meets ? 'meets every requirement' : 'falls short of a requirement'}
    </>
  );
}
