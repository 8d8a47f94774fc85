/** Sending a file with progress; `fetch` does not tell how far it is, XMLHttpRequest does. */
import { ApiError, csrfToken, refused, withToken } from "./http";
import type { FileInfo } from "./types";

export interface Upload {
  done: Promise<FileInfo>;
  cancel: () => void;
}

export function upload(file: File, onProgress: (share: number) => void): Upload {
  let request = new XMLHttpRequest();
  const send = (): Promise<FileInfo> => {
    request = new XMLHttpRequest();
    return sent(request, file, onProgress);
  };
  return { done: withToken(send), cancel: () => request.abort() };
}

function sent(request: XMLHttpRequest, file: File, onProgress: (share: number) => void): Promise<FileInfo> {
  return new Promise((resolve, reject) => {
    request.open("POST", "/api/v1/files");
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.responseType = "json";
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(request.response as FileInfo);
      else reject(refused(request.status, request.response));
    };
    request.onerror = () => reject(new ApiError(0, { code: "offline", message: "The connection was lost." }));
    request.onabort = () => reject(new ApiError(0, { code: "cancelled", message: "Cancelled." }));
    const form = new FormData();
    form.append("file", file, file.name);
    request.send(form);
  });
}
