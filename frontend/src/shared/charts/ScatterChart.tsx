/** Points in the plane, coloured along a ramp; filled where `filled`, hollow otherwise. */
import { ActionIcon, Tooltip } from '@mantine/core';
import { type ReactNode, useCallback, useMemo, useRef, useState } from 'react';
import type uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

import { IconMinus, IconPlus, IconReset } from '@/shared/ui/icons';

import css from './charts.module.css';
import { cssColor, ramp, type Scheme } from './palette';
import { usePlot } from './usePlot';
import { padded, panned, zoomed } from './view';

export interface ScatterPoint {
  x: number;
  y: number;
  /** Place on the colour ramp, 0 to 1. */
  shade: number;
  filled: boolean;
}

export interface ScatterChartProps<P extends ScatterPoint> {
  label: string;
  points: readonly P[];
  xLog?: boolean;
  xName: string;
  yName: string;
  xFormat: (value: number) => string;
  yFormat: (value: number) => string;
  landmark?: { x: number; y: number; name: string } | null;
  yLine?: { value: number; name: string } | null;
  xLine?: { value: number; name: string } | null;
  tip: (point: P) => ReactNode;
}

const X_LOG = { log: true };
const LINEAR = { log: false };
const REACH = 18;

export function ScatterChart<P extends ScatterPoint>(props: ScatterChartProps<P>) {
  const { points, landmark, yLine, xLine } = props;
  const xAxis = props.xLog ? X_LOG : LINEAR;
  const [near, setNear] = useState<{ index: number; left: number; top: number } | null>(null);

  // uPlot wants x ascending.
  const sorted = useMemo(() => [...points].sort((a, b) => a.x - b.x), [points]);
  const data = useMemo<uPlot.AlignedData>(() => [sorted.map((p) => p.x), sorted.map((p) => p.y)], [sorted]);
  const whole = useMemo(
    () => ({
      x: padded(
        [...sorted.map((p) => p.x), ...(landmark ? [landmark.x] : []), ...(xLine ? [xLine.value] : [])],
        xAxis,
      ),
      y: padded(
        [
          ...trimmed(sorted.map((p) => p.y)),
          ...(landmark ? [landmark.y] : []),
          ...(yLine ? [yLine.value] : []),
        ],
        LINEAR,
      ),
    }),
    [sorted, landmark, yLine, xLine, xAxis],
  );

  const series = useCallback((): uPlot.Series[] => [{ paths: () => null, points: { show: false } }], []);
  const draw = (u: uPlot, scheme: Scheme) => {
    paint(u, scheme, sorted, props);
  };
  const onCursor = (u: uPlot) => {
    const found = nearest(u, sorted);
    setNear((old) => (old?.index === found?.index ? old : found));
  };

  const element = useRef<HTMLDivElement>(null);
  const { isZoomed, zoom, reset } = usePlot(element, {
    label: props.label,
    data,
    whole,
    xAxis,
    yAxis: LINEAR,
    xFormat: props.xFormat,
    yFormat: props.yFormat,
    series,
    draw,
    onCursor,
    zoomable: true,
  });
  const scaleBy = (factor: number) => {
    zoom(({ x, y }) => ({ x: zoomed(x, factor, 0.5, xAxis), y: zoomed(y, factor, 0.5, LINEAR) }));
  };
  const move = (dx: number, dy: number) => {
    zoom(({ x, y }) => ({ x: panned(x, dx, xAxis), y: panned(y, dy, LINEAR) }));
  };
  const keys: Record<string, () => void> = {
    '+': () => {
      scaleBy(0.7);
    },
    '=': () => {
      scaleBy(0.7);
    },
    '-': () => {
      scaleBy(1.4);
    },
    '0': reset,
    ArrowLeft: () => {
      move(-0.1, 0);
    },
    ArrowRight: () => {
      move(0.1, 0);
    },
    ArrowUp: () => {
      move(0, 0.1);
    },
    ArrowDown: () => {
      move(0, -0.1);
    },
  };
  const shown = near && sorted[near.index];
  const below = sorted.filter(({ y }) => y < whole.y[0]).length;

  return (
    <figure className={css.figure}>
      <div className={css.axisNames}>
        <span>↑ {props.yName}</span>
        <div className={css.tools}>
          <Tool
            name="Zoom in"
            onClick={() => {
              scaleBy(0.7);
            }}
            icon={<IconPlus />}
          />
          <Tool
            name="Zoom out"
            onClick={() => {
              scaleBy(1.4);
            }}
            icon={<IconMinus />}
          />
          <Tool name="Show everything" onClick={reset} icon={<IconReset />} disabled={!isZoomed} />
        </div>
      </div>
      <div className={css.tall}>
        {/* Focusable, so that the arrow keys can pan. */}
        {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
        <div
          ref={element}
          className={css.plot}
          role="img"
          aria-label={`${props.label}. Arrow keys pan, plus and minus zoom, 0 shows everything.`}
          // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
          tabIndex={0}
          onKeyDown={(event) => {
            const act = keys[event.key];
            if (!act) return;
            event.preventDefault();
            act();
          }}
        />
        {near && shown && (
          <div
            className={css.tip}
            data-left={near.left > 260 || undefined}
            style={{ left: near.left, top: near.top }}
          >
            {props.tip(shown)}
          </div>
        )}
      </div>
      <div className={css.xName}>
        <span>{!isZoomed && below > 0 && `↓ ${String(below)} more below: zoom out`}</span>
        <span>{props.xName} →</span>
      </div>
    </figure>
  );
}

function Tool({
  name,
  icon,
  onClick,
  disabled,
}: {
  name: string;
  icon: ReactNode;
  onClick: () => void;
  disabled?: boolean;
}) {
  return (
    <Tooltip label={name}>
      <ActionIcon aria-label={name} size="sm" onClick={onClick} disabled={disabled}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}

/** Leaves values far below the others out of the first view: early failures would flatten what matters. */
function trimmed(values: number[]): number[] {
  if (values.length < 12) return values;
  const sorted = [...values].sort((a, b) => a - b);
  const quartile = (part: number) => sorted[Math.floor((sorted.length - 1) * part)] ?? 0;
  const fence = quartile(0.25) - 2 * (quartile(0.75) - quartile(0.25));
  return sorted.filter((value) => value >= fence);
}

function nearest(
  u: uPlot,
  points: readonly ScatterPoint[],
): { index: number; left: number; top: number } | null {
  const { left, top } = u.cursor;
  if (left === undefined || top === undefined || left < 0) return null;
  let best: { index: number; left: number; top: number } | null = null;
  let reach = REACH;
  points.forEach((point, index) => {
    const x = u.valToPos(point.x, 'x');
    const y = u.valToPos(point.y, 'y');
    const distance = Math.hypot(x - left, y - top);
    if (distance > reach) return;
    reach = distance;
    best = { index, left: x + u.bbox.left / devicePixelRatio, top: y + u.bbox.top / devicePixelRatio };
  });
  return best;
}

function paint<P extends ScatterPoint>(
  u: uPlot,
  scheme: Scheme,
  points: readonly P[],
  props: ScatterChartProps<P>,
): void {
  const { ctx, bbox } = u;
  const pixel = devicePixelRatio;
  const xAt = (value: number) => u.valToPos(value, 'x', true);
  const yAt = (value: number) => u.valToPos(value, 'y', true);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.font = `${String(11 * pixel)}px -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif`;

  ctx.lineWidth = 1.25 * pixel;
  for (const { x, y, shade, filled } of points) {
    ctx.beginPath();
    ctx.arc(xAt(x), yAt(y), (filled ? 3.6 : 3.1) * pixel, 0, 2 * Math.PI);
    ctx.fillStyle = ctx.strokeStyle = ramp(shade, scheme);
    ctx.globalAlpha = filled ? 0.88 : 0.62;
    if (filled) ctx.fill();
    else ctx.stroke();
  }
  ctx.globalAlpha = 1;

  const { yLine, xLine, landmark } = props;
  if (yLine || xLine) {
    ctx.strokeStyle = ctx.fillStyle = cssColor('good');
    ctx.lineWidth = 1.25 * pixel;
    ctx.setLineDash([5 * pixel, 4 * pixel]);
    ctx.beginPath();
    if (yLine) {
      ctx.moveTo(bbox.left, yAt(yLine.value));
      ctx.lineTo(bbox.left + bbox.width, yAt(yLine.value));
    }
    if (xLine) {
      ctx.moveTo(xAt(xLine.value), bbox.top);
      ctx.lineTo(xAt(xLine.value), bbox.top + bbox.height);
    }
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.textAlign = 'left';
    ctx.textBaseline = 'bottom';
    if (yLine) label(ctx, yLine.name, bbox.left + 8 * pixel, yAt(yLine.value) - 4 * pixel, pixel);
    ctx.textBaseline = 'top';
    if (xLine) label(ctx, xLine.name, xAt(xLine.value) + 6 * pixel, bbox.top + 4 * pixel, pixel);
  }
  if (landmark) paintLandmark(ctx, xAt(landmark.x), yAt(landmark.y), landmark.name, pixel, bbox);
  ctx.restore();
}

/** Text with a halo, readable over dots and lines. */
function label(ctx: CanvasRenderingContext2D, text: string, x: number, y: number, pixel: number): void {
  ctx.save();
  ctx.strokeStyle = cssColor('surface');
  ctx.lineWidth = 4 * pixel;
  ctx.lineJoin = 'round';
  ctx.strokeText(text, x, y);
  ctx.restore();
  ctx.fillText(text, x, y);
}

function paintLandmark(
  ctx: CanvasRenderingContext2D,
  x: number,
  y: number,
  name: string,
  pixel: number,
  bbox: { left: number; width: number },
): void {
  const size = 6 * pixel;
  ctx.beginPath();
  ctx.moveTo(x, y - size);
  ctx.lineTo(x + size, y);
  ctx.lineTo(x, y + size);
  ctx.lineTo(x - size, y);
  ctx.closePath();
  ctx.fillStyle = cssColor('surface');
  ctx.fill();
  ctx.strokeStyle = cssColor('text');
  ctx.lineWidth = 1.75 * pixel;
  ctx.stroke();
  const right = x < bbox.left + bbox.width * 0.75;
  ctx.fillStyle = cssColor('text');
  ctx.textAlign = right ? 'left' : 'right';
  ctx.textBaseline = 'middle';
  label(ctx, name, x + (right ? 1 : -1) * 11 * pixel, y, pixel);
}
