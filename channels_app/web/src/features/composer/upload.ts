/** Sending a file with progress; `fetch` does not tell how far it is, XMLHttpRequest does. */
import { ApiError, csrfToken, errorBody } from "../../api/http";
import type { FileInfo } from "../../api/types";

export interface Upload {
  done: Promise<FileInfo>;
  cancel: () => void;
}

export function upload(file: File, onProgress: (share: number) => void): Upload {
  const request = new XMLHttpRequest();
  const done = new Promise<FileInfo>((resolve, reject) => {
    request.open("POST", "/api/v1/files");
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.responseType = "json";
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(request.response as FileInfo);
      else reject(new ApiError(request.status, errorBody(request.response, request.status)));
    };
    request.onerror = () => reject(new ApiError(0, { code: "offline", message: "The connection was lost." }));
    request.onabort = () => reject(new ApiError(0, { code: "cancelled", message: "Cancelled." }));
    const form = new FormData();
    form.append("file", file, file.name);
    request.send(form);
  });
  return { done, cancel: () => request.abort() };
}
