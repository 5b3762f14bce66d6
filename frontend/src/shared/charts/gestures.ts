/** Zoom and pan by hand: drag a box, shift-drag to pan, ctrl-wheel or pinch to zoom, double-click for the whole. */
import type uPlot from 'uplot';

import { type Axis, panned, type View, zoomed } from './view';

interface Control {
  current: () => View;
  setView: (view: View | null) => void;
  axes: () => { x: Axis; y: Axis };
}

export function attachGestures(plot: uPlot, { current, setView, axes }: Control): () => void {
  const over = plot.over;
  const stop = new AbortController();
  const { signal } = stop;
  const fingers = new Map<number, { x: number; y: number }>();
  let panning: { x: number; y: number; view: View } | null = null;

  const zoom = (factor: number, x: number, y: number) => {
    const view = current();
    const { width, height } = over.getBoundingClientRect();
    setView({
      x: zoomed(view.x, factor, x / width, axes().x),
      y: zoomed(view.y, factor, 1 - y / height, axes().y),
    });
  };
  const place = (event: PointerEvent | WheelEvent) => {
    const { left, top } = over.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };

  plot.hooks.setSelect = [
    (u) => {
      const { left, top, width, height } = u.select;
      if (width < 6 && height < 6) return;
      const view = current();
      const at = (pixel: number, scale: 'x' | 'y') => u.posToVal(pixel, scale);
      setView({
        x: width < 6 ? view.x : [at(left, 'x'), at(left + width, 'x')],
        y: height < 6 ? view.y : [at(top + height, 'y'), at(top, 'y')],
      });
      u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    },
  ];

  over.style.touchAction = 'pan-y';
  over.addEventListener(
    'dblclick',
    () => {
      setView(null);
    },
    { signal },
  );
  over.addEventListener(
    'wheel',
    (event) => {
      // The plain wheel belongs to the page.
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const { x, y } = place(event);
      zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) / 220), x, y);
    },
    { signal, passive: false },
  );
  // Captured before uPlot hears of it, so that a pan draws no box.
  over.addEventListener(
    'mousedown',
    (event) => {
      if (!event.shiftKey) return;
      event.stopImmediatePropagation();
      panning = { x: event.clientX, y: event.clientY, view: current() };
    },
    { signal, capture: true },
  );
  window.addEventListener(
    'mousemove',
    (event) => {
      if (!panning) return;
      const { width, height } = over.getBoundingClientRect();
      setView({
        x: panned(panning.view.x, (panning.x - event.clientX) / width, axes().x),
        y: panned(panning.view.y, (event.clientY - panning.y) / height, axes().y),
      });
    },
    { signal },
  );
  window.addEventListener(
    'mouseup',
    () => {
      panning = null;
    },
    { signal },
  );

  over.addEventListener(
    'pointerdown',
    (event) => {
      if (event.pointerType === 'touch') fingers.set(event.pointerId, place(event));
    },
    { signal },
  );
  over.addEventListener(
    'pointermove',
    (event) => {
      if (!fingers.has(event.pointerId)) return;
      const before = spread(fingers);
      fingers.set(event.pointerId, place(event));
      const after = spread(fingers);
      if (before && after) zoom(before.distance / after.distance, after.x, after.y);
    },
    { signal },
  );
  for (const end of ['pointerup', 'pointercancel', 'pointerleave'] as const) {
    over.addEventListener(
      end,
      (event) => {
        fingers.delete(event.pointerId);
      },
      { signal },
    );
  }
  return () => {
    stop.abort();
  };
}

function spread(fingers: Map<number, { x: number; y: number }>) {
  const [a, b] = [...fingers.values()];
  if (!a || !b) return null;
  return { distance: Math.max(1, Math.hypot(a.x - b.x, a.y - b.y)), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}
