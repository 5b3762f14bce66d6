/** The charts, loaded when the first one is shown. */
import { lazy, Suspense } from 'react';

import css from './charts.module.css';
import type { LineChartProps } from './LineChart';
import type { ScatterChartProps, ScatterPoint } from './ScatterChart';

const LazyLine = lazy(() => import('./LineChart').then((module) => ({ default: module.LineChart })));
const LazyScatter = lazy(() =>
  import('./ScatterChart').then((module) => ({
    default: module.ScatterChart as typeof module.ScatterChart<ScatterPoint>,
  })),
);

const waiting = <div className={css.loading} role="status" aria-label="Loading the chart" />;
const waitingShort = <div className={css.short} role="status" aria-label="Loading the chart" />;

export function LineChart(props: LineChartProps) {
  return (
    <Suspense fallback={waitingShort}>
      <LazyLine {...props} />
    </Suspense>
  );
}

export function ScatterChart<P extends ScatterPoint>(props: ScatterChartProps<P>) {
  return (
    <Suspense fallback={waiting}>
      <LazyScatter {...(props as unknown as ScatterChartProps<ScatterPoint>)} />
    </Suspense>
  );
}
