import { useEffect, useState } from 'react';

import { sharesOf } from './predictions';

/** Each class's share of a mask, read from its pixels; null until they are, or where no canvas can be had. */
export function useMaskShares(mask: string, colours: readonly string[]): number[] | null {
  const [shares, setShares] = useState<number[] | null>(null);
  useEffect(() => {
    const image = new Image();
    image.onload = () => {
      const canvas = document.createElement('canvas');
      canvas.width = image.naturalWidth;
      canvas.height = image.naturalHeight;
      const context = canvas.getContext('2d');
      if (!context || canvas.width === 0) return;
      context.drawImage(image, 0, 0);
      setShares(sharesOf(context.getImageData(0, 0, canvas.width, canvas.height).data, colours));
    };
    image.src = mask;
    return () => {
      image.onload = null;
    };
  }, [mask, colours]);
  return shares;
}
