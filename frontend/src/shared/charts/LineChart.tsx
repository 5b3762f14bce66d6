/** Lines over a common x, with a legend that tells the values under the cursor. */
import { useMemo, useRef, useState } from 'react';
import type uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

import css from './charts.module.css';
import { cssColor } from './palette';
import { usePlot } from './usePlot';
import { padded, type Span } from './view';

export interface Line {
  name: string;
  values: readonly (number | null)[];
  /** A name of the palette: `accent`, `cool`, `muted`… */
  color: string;
  dashed?: boolean;
  points?: boolean;
}

export interface LineChartProps {
  label: string;
  x: readonly number[];
  lines: readonly Line[];
  xFormat: (value: number) => string;
  yFormat: (value: number) => string;
  ySpan?: Span;
  reference?: { value: number; name: string } | null;
  xShade?: Span | null;
}

const LINEAR = { log: false };

export function LineChart(props: LineChartProps) {
  const { x, lines, reference, ySpan, xShade } = props;
  const [index, setIndex] = useState<number | null>(null);

  const data = useMemo<uPlot.AlignedData>(
    () => [[...x], ...lines.map((line) => [...line.values])],
    [x, lines],
  );
  const whole = useMemo(() => {
    const values = lines.flatMap((line) => line.values.filter((value) => value !== null));
    return {
      x: x.length > 1 ? ([x[0] ?? 0, x.at(-1) ?? 1] as Span) : padded([...x], LINEAR),
      y: ySpan ?? padded(reference ? [...values, reference.value] : values, LINEAR, 0.1),
    };
  }, [x, lines, reference, ySpan]);

  const series = (): uPlot.Series[] =>
    lines.map(({ color, dashed, points }) => ({
      stroke: cssColor(color),
      width: 1.75,
      dash: dashed ? [4, 4] : undefined,
      spanGaps: true,
      points: { show: points ?? x.length < 2, size: 5, fill: cssColor(color) },
    }));
  const draw = (u: uPlot) => {
    paintGuides(u, reference ?? null, xShade ?? null);
  };
  const onCursor = (u: uPlot) => {
    const { idx } = u.cursor;
    setIndex(typeof idx === 'number' && (u.cursor.left ?? -1) >= 0 ? idx : null);
  };
  const element = useRef<HTMLDivElement>(null);
  usePlot(element, {
    label: props.label,
    data,
    whole,
    xAxis: LINEAR,
    yAxis: LINEAR,
    xFormat: props.xFormat,
    yFormat: props.yFormat,
    series,
    draw,
    onCursor,
  });

  const at = index ?? x.length - 1;
  const spoken = lines.map((line) => `${line.name} ${text(line.values.at(-1), props.yFormat)}`).join(', ');
  return (
    <figure className={css.figure}>
      <figcaption className={css.legend}>
        {lines.map((line) => (
          <span key={line.name}>
            <i style={{ background: `var(--ff-${line.color})` }} data-dashed={line.dashed || undefined} />
            {line.name} <b>{text(line.values[at], props.yFormat)}</b>
          </span>
        ))}
        {index !== null && <span className={css.where}>at {props.xFormat(x[index] ?? 0)}</span>}
      </figcaption>
      <div className={css.short}>
        <div ref={element} className={css.plot} role="img" aria-label={`${props.label}. Last: ${spoken}.`} />
      </div>
    </figure>
  );
}

function text(value: number | null | undefined, format: (value: number) => string): string {
  return typeof value === 'number' ? format(value) : '–';
}

function paintGuides(u: uPlot, reference: { value: number; name: string } | null, shade: Span | null): void {
  const { ctx, bbox } = u;
  const pixel = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  if (shade) {
    const left = u.valToPos(shade[0], 'x', true);
    ctx.fillStyle = cssColor('good');
    ctx.globalAlpha = 0.09;
    ctx.fillRect(left, bbox.top, u.valToPos(shade[1], 'x', true) - left, bbox.height);
    ctx.globalAlpha = 1;
  }
  if (reference) {
    const y = u.valToPos(reference.value, 'y', true);
    ctx.strokeStyle = ctx.fillStyle = cssColor('good');
    ctx.lineWidth = 1.25 * pixel;
    ctx.setLineDash([5 * pixel, 4 * pixel]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.font = `${String(11 * pixel)}px -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif`;
    ctx.textAlign = 'left';
    const below = y - bbox.top < 18 * pixel;
    ctx.textBaseline = below ? 'top' : 'bottom';
    ctx.fillText(reference.name, bbox.left + 8 * pixel, y + (below ? 4 : -4) * pixel);
  }
  ctx.restore();
}
