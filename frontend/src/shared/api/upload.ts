/** Multipart upload with progress, which fetch can't report. */
import { identityHeaders } from './client';
import { toApiError } from './problem';

export interface UploadOptions {
  url: string;
  file: File;
  fields?: Record<string, string>;
  onProgress: (fraction: number) => void;
  signal?: AbortSignal;
}

export function upload<T>({ url, file, fields = {}, onProgress, signal }: UploadOptions): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', url);
    for (const [name, value] of Object.entries(identityHeaders('POST')))
      request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    };
    request.onload = () => {
      const body = parse(request.responseText);
      if (request.status >= 200 && request.status < 300) resolve(body as T);
      else reject(toApiError(request.status, body));
    };
    request.onerror = () => {
      reject(toApiError(0, null));
    };
    request.onabort = () => {
      reject(new DOMException('The upload was stopped.', 'AbortError'));
    };
    signal?.addEventListener('abort', () => {
      request.abort();
    });
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append('file', file);
    request.send(form);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
