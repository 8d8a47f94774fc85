/** The files of a post that is being written. */
import { useRef, useState } from "react";
import { messageOf } from "../../api/http";
import type { FileInfo } from "../../api/types";
import { store } from "../../data/store";
import { sizeOf } from "../../text/time";
import { complain } from "../../ui/toasts";
import { type Upload, upload } from "./upload";

export interface Attached {
  key: number;
  name: string;
  size: number;
  share: number;
  error: string;
  file: FileInfo | null;
  source: File;
}

const MOST = 20;
let last = 0;

export function useUploads() {
  const [attached, setAttached] = useState<Attached[]>([]);
  const running = useRef(new Map<number, Upload>());

  const change = (key: number, fields: Partial<Attached>): void =>
    setAttached((all) => all.map((one) => (one.key === key ? { ...one, ...fields } : one)));

  function start(key: number, source: File): void {
    const sending = upload(source, (share) => change(key, { share }));
    running.current.set(key, sending);
    sending.done
      .then((file) => change(key, { file, share: 1 }))
      .catch((error) => change(key, { error: messageOf(error) }))
      .finally(() => running.current.delete(key));
  }

  function add(files: Iterable<File>): void {
    const limit = store.getState().limits.upload;
    for (const source of files) {
      if (source.size > limit) {
        complain(new Error(`${source.name} is larger than ${sizeOf(limit)}.`));
        continue;
      }
      last += 1;
      const one = { key: last, name: source.name, size: source.size, share: 0, error: "", file: null, source };
      setAttached((all) => (all.length < MOST ? [...all, one] : all));
      start(one.key, source);
    }
  }

  function drop(key: number): void {
    running.current.get(key)?.cancel();
    setAttached((all) => all.filter((one) => one.key !== key));
  }

  function retry(one: Attached): void {
    change(one.key, { error: "", share: 0 });
    start(one.key, one.source);
  }

  return { attached, add, drop, retry, clear: () => setAttached([]) };
}
