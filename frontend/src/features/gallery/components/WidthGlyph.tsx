/** A network's shape at a glance: a bar for each channel group, as high as it is wide, so that siblings differ. */
import type { Network } from '@/shared/api/types';

const HEIGHT = 46;
const STEP = 12;
const BAR = 8;

interface WidthGlyphProps {
  design: NonNullable<Network['design']>;
  /** The widest that each group can be: the prototype's own width. */
  full: Record<string, number>;
}

export function WidthGlyph({ design, full }: WidthGlyphProps) {
  const groups = Object.entries(design.widths);
  const widest = Math.max(1, ...groups.map(([name, width]) => Math.max(width, full[name] ?? 0)));
  // Square roots keep a group of 16 channels visible beside one of 512.
  const tall = (width: number) => Math.max(2, HEIGHT * Math.sqrt(width / widest));
  const label = groups
    .map(([name, width]) => `${name} ${String(width)}${full[name] ? ` of ${String(full[name])}` : ''}`)
    .join(', ');
  const removed = design.blocks_removed.length;
  const width = Math.max(1, groups.length) * STEP - (STEP - BAR);
  return (
    <svg
      width={Math.min(width, 150)}
      height={HEIGHT}
      viewBox={`0 0 ${String(width)} ${String(HEIGHT)}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`Widths: ${label}${removed ? `; ${String(removed)} blocks removed` : ''}`}
    >
      {groups.map(([name, size], i) => (
        <g key={name}>
          {full[name] !== undefined && (
            <rect
              x={i * STEP}
              y={HEIGHT - tall(full[name])}
              width={BAR}
              height={tall(full[name])}
              rx={1.5}
              fill="var(--ff-line)"
            />
          )}
          <rect
            x={i * STEP}
            y={HEIGHT - tall(size)}
            width={BAR}
            height={tall(size)}
            rx={1.5}
            fill="var(--ff-accent)"
          />
        </g>
      ))}
    </svg>
  );
}
