import { type ReactNode, useId } from 'react';

import css from './ui.module.css';

interface PanelProps {
  title: string;
  note?: ReactNode;
  aside?: ReactNode;
  className?: string;
  children: ReactNode;
}

/** A titled region of a page. */
export function Panel({ title, note, aside, className = '', children }: PanelProps) {
  const id = useId();
  return (
    <section className={`${css.panel ?? ''} ${className}`} aria-labelledby={id}>
      <div className={css.panelHead}>
        <h2 id={id}>{title}</h2>
        {aside}
      </div>
      {note && <p className={css.panelNote}>{note}</p>}
      <div className={css.panelBody}>{children}</div>
    </section>
  );
}

export function PageHead({
  title,
  children,
  aside,
}: {
  title: ReactNode;
  children?: ReactNode;
  aside?: ReactNode;
}) {
  return (
    <header className={css.pageHead}>
      <div>
        <h1>{title}</h1>
        {children && <p>{children}</p>}
      </div>
      {aside}
    </header>
  );
}
