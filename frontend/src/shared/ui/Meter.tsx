import css from './ui.module.css';

/** A thin progress bar with a name for readers of the screen. */
export function Meter({ label, fraction }: { label: string; fraction: number | null }) {
  const percent = Math.round(Math.min(1, Math.max(0, fraction ?? 0)) * 100);
  return (
    <div
      className={css.meter}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={fraction === null ? undefined : percent}
    >
      <span style={{ width: `${String(percent)}%` }} />
    </div>
  );
}
