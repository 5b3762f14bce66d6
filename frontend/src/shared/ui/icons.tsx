/** The icons, drawn on a grid of 16 with one stroke width; decorative, so hidden from readers of the screen. */
import type { ReactNode, SVGProps } from 'react';

function icon(paths: ReactNode) {
  return function Icon(props: SVGProps<SVGSVGElement>) {
    return (
      <svg
        width={16}
        height={16}
        viewBox="0 0 16 16"
        fill="none"
        stroke="currentColor"
        strokeWidth={1.5}
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden
        {...props}
      >
        {paths}
      </svg>
    );
  };
}

export const IconRuns = icon(<path d="M2 12.5 5.5 8l2.5 2.5L14 3.5M10.5 3.5H14V7" />);
export const IconData = icon(
  <>
    <rect x="2.25" y="2.25" width="4.75" height="4.75" rx="1" />
    <rect x="9" y="2.25" width="4.75" height="4.75" rx="1" />
    <rect x="2.25" y="9" width="4.75" height="4.75" rx="1" />
    <rect x="9" y="9" width="4.75" height="4.75" rx="1" />
  </>,
);
export const IconNetwork = icon(<path d="M2.5 2.5v11M6.2 4.5v7M9.8 6v4M13.5 7.2v1.6" />);
export const IconSettings = icon(
  <path d="M2 4.5h6.5M12.5 4.5H14M2 11.5h1.5M7.5 11.5H14M12.5 4.5a2 2 0 1 1-4 0 2 2 0 0 1 4 0ZM7.5 11.5a2 2 0 1 1-4 0 2 2 0 0 1 4 0Z" />,
);
export const IconPlus = icon(<path d="M8 3v10M3 8h10" />);
export const IconMinus = icon(<path d="M3 8h10" />);
export const IconCheck = icon(<path d="m3 8.5 3.2 3.2L13 4.8" />);
export const IconCross = icon(<path d="m4 4 8 8M12 4l-8 8" />);
export const IconWarning = icon(<path d="M8 2.2 14.3 13.3H1.7L8 2.2ZM8 6.5v3M8 11.4v.1" />);
export const IconPause = icon(<path d="M5.5 3.5v9M10.5 3.5v9" />);
export const IconPlay = icon(<path d="M5 3.2v9.6L12.5 8 5 3.2Z" />);
export const IconStop = icon(<rect x="3.5" y="3.5" width="9" height="9" rx="1.5" />);
export const IconDownload = icon(<path d="M8 2.5v7.5M4.8 7 8 10.2 11.2 7M2.5 13.3h11" />);
export const IconUpload = icon(<path d="M8 10.5V3M4.8 6 8 2.8 11.2 6M2.5 13.3h11" />);
export const IconCopy = icon(
  <>
    <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
    <path d="M10.5 2.5H4A1.5 1.5 0 0 0 2.5 4v6.5" />
  </>,
);
export const IconSun = icon(
  <>
    <circle cx="8" cy="8" r="2.8" />
    <path d="M8 1.5v1.2M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9" />
  </>,
);
export const IconMoon = icon(<path d="M13.5 9.6A6 6 0 0 1 6.4 2.5a6 6 0 1 0 7.1 7.1Z" />);
export const IconAuto = icon(
  <>
    <circle cx="8" cy="8" r="5.8" />
    <path d="M8 2.2v11.6A5.8 5.8 0 0 0 8 2.2Z" fill="currentColor" />
  </>,
);
export const IconChevron = icon(<path d="m6 3.5 4.5 4.5L6 12.5" />);
export const IconReset = icon(<path d="M2.8 8a5.2 5.2 0 1 0 1.6-3.8M2.8 2.5v3h3" />);
export const IconTrash = icon(<path d="M2.5 4h11M6 4V2.5h4V4M4 4l.6 9.5h6.8L12 4" />);
