/** The mark: layers that narrow from the prototype to the small network. */
export function LogoMark({ size = 24 }: { size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      strokeLinecap="round"
      strokeWidth={2.6}
      aria-hidden
    >
      <path d="M4 3.5v17" stroke="var(--ff-accent)" />
      <path d="M9.3 6.5v11" stroke="var(--ff-accent)" opacity=".82" />
      <path d="M14.7 9v6" stroke="var(--ff-accent)" opacity=".64" />
      <path d="M20 11.2v1.6" stroke="var(--ff-accent)" opacity=".46" />
    </svg>
  );
}
