import type { CSSProperties, ReactNode } from 'react';

import css from './ui.module.css';

/** A list of measured values, each with its name above and, where it helps, a line below. */
export function Figures({ children, width = 120 }: { children: ReactNode; width?: number }) {
  return (
    <dl className={css.figures} style={{ '--figure-width': `${String(width)}px` } as CSSProperties}>
      {children}
    </dl>
  );
}

export function Figure({ name, children, note }: { name: string; children: ReactNode; note?: ReactNode }) {
  return (
    <div className={css.figure}>
      <dt>{name}</dt>
      <dd>
        {children}
        {note && <small>{note}</small>}
      </dd>
    </div>
  );
}
