/** A uPlot that lives as long as its element: sized by it, redrawn in the page's colours, zoomed and panned. */
import { useComputedColorScheme } from '@mantine/core';
import { type RefObject, useEffect, useEffectEvent, useRef, useState } from 'react';
import uPlot from 'uplot';

import { attachGestures } from './gestures';
import { cssColor, type Scheme } from './palette';
import { type Axis, ticks, type View } from './view';

export interface PlotSetup {
  label: string;
  data: uPlot.AlignedData;
  /** The view that shows everything. */
  whole: View;
  xAxis: Axis;
  yAxis: Axis;
  xFormat: (value: number) => string;
  yFormat: (value: number) => string;
  series: (scheme: Scheme) => uPlot.Series[];
  draw?: (plot: uPlot, scheme: Scheme) => void;
  onCursor?: (plot: uPlot) => void;
  zoomable?: boolean;
  ySize?: number;
}

export interface PlotHandle {
  isZoomed: boolean;
  zoom: (change: (view: View) => View) => void;
  reset: () => void;
}

export function usePlot(element: RefObject<HTMLDivElement | null>, setup: PlotSetup): PlotHandle {
  const plot = useRef<uPlot>(null);
  const view = useRef<View>(null);
  const [isZoomed, setZoomed] = useState(false);
  const scheme = useComputedColorScheme('light');

  const show = useEffectEvent(() => {
    showView(plot.current, view.current ?? setup.whole);
  });
  const current = useEffectEvent(() => view.current ?? setup.whole);
  const setView = useEffectEvent((next: View | null) => {
    view.current = next;
    setZoomed(next !== null);
    show();
  });
  const draw = useEffectEvent((u: uPlot) => setup.draw?.(u, scheme));
  const onCursor = useEffectEvent((u: uPlot) => setup.onCursor?.(u));
  const create = useEffectEvent((target: HTMLDivElement) => {
    const options = plotOptions(setup, scheme, target, { draw, onCursor });
    const made = new uPlot(options, setup.data, target);
    plot.current = made;
    show();
    return made;
  });
  const axes = useEffectEvent(() => ({ x: setup.xAxis, y: setup.yAxis }));

  useEffect(() => {
    const target = element.current;
    if (!target) return;
    const made = create(target);
    const detach = setup.zoomable
      ? attachGestures(made, {
          current: () => current(),
          setView: (next) => {
            setView(next);
          },
          axes: () => axes(),
        })
      : () => undefined;
    const watch = new ResizeObserver(([entry]) => {
      if (entry) made.setSize({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    watch.observe(target);
    return () => {
      watch.disconnect();
      detach();
      made.destroy();
      plot.current = null;
    };
  }, [element, scheme, setup.zoomable, setup.xAxis.log, setup.yAxis.log, setup.label]);

  useEffect(() => {
    plot.current?.setData(setup.data, false);
    show();
  }, [setup.data, setup.whole]);

  return {
    isZoomed,
    zoom: (change) => {
      view.current = change(view.current ?? setup.whole);
      setZoomed(true);
      showView(plot.current, view.current);
    },
    reset: () => {
      view.current = null;
      setZoomed(false);
      showView(plot.current, setup.whole);
    },
  };
}

function showView(plot: uPlot | null, { x, y }: View): void {
  plot?.batch(() => {
    plot.setScale('x', { min: x[0], max: x[1] });
    plot.setScale('y', { min: y[0], max: y[1] });
  });
}

/** `2.00 K` on an axis reads better as `2 K`. */
const trimZeros = (text: string) => text.replace(/(\.\d*?)0+(?=\D|$)/, '$1').replace(/\.(?=\D|$)/, '');

const FONT =
  "11px -apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

function plotOptions(
  setup: PlotSetup,
  scheme: Scheme,
  target: HTMLElement,
  hooks: { draw: (u: uPlot) => void; onCursor: (u: uPlot) => void },
): uPlot.Options {
  const scale = (axis: Axis): uPlot.Scale => ({
    time: false,
    auto: false,
    distr: axis.log ? 3 : 1,
    range: (_, min, max) => [min, max],
  });
  const line = cssColor('line');
  const axis = (side: 'x' | 'y', kind: Axis, format: (value: number) => string): uPlot.Axis => ({
    stroke: cssColor('muted'),
    font: FONT,
    grid: { stroke: line, width: 1 },
    ticks: { show: false },
    border: { show: side === 'x', stroke: cssColor('line-strong'), width: 1 },
    size: side === 'x' ? 30 : (setup.ySize ?? 52),
    gap: 6,
    splits: (u, _, min, max) => {
      const room =
        side === 'x' ? u.bbox.width / devicePixelRatio / 74 : u.bbox.height / devicePixelRatio / 44;
      return ticks([min, max], kind, Math.max(2, room));
    },
    filter: (_, splits) => splits,
    values: (_, splits) => splits.map((value) => (typeof value === 'number' ? trimZeros(format(value)) : '')),
  });
  return {
    width: Math.max(50, target.clientWidth),
    height: Math.max(50, target.clientHeight),
    padding: [10, 14, 0, 0],
    legend: { show: false },
    scales: { x: scale(setup.xAxis), y: scale(setup.yAxis) },
    series: [{}, ...setup.series(scheme)],
    axes: [axis('x', setup.xAxis, setup.xFormat), axis('y', setup.yAxis, setup.yFormat)],
    cursor: {
      x: true,
      y: false,
      points: { show: false },
      drag: { x: setup.zoomable ?? false, y: setup.zoomable ?? false, setScale: false, uni: 12 },
    },
    hooks: {
      draw: [
        (u) => {
          hooks.draw(u);
        },
      ],
      setCursor: [
        (u) => {
          hooks.onCursor(u);
        },
      ],
    },
  };
}
