/**
 * The files of posts that are being written, place by place, and the posts that wait for them.
 *
 *   writing → waiting → (posted: in the outbox)
 *      ↑_________|       taken back
 *
 * Files go on being sent while one looks elsewhere. A post that waits leaves by itself when the last of its files is
 * there, or was removed; one that could not be sent holds it up until then.
 */
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import { messageOf } from "../api/http";
import type { FileInfo, Id } from "../api/types";
import type { Upload } from "../api/upload";
import type { NewPost } from "./outbox";
import { draftKey } from "./state";

export interface Attached {
  key: number;
  name: string;
  size: number;
  /** How much of it is sent, from 0 to 1. */
  share: number;
  error: string;
  file: FileInfo | null;
  source: File;
}

export type Words = Omit<NewPost, "files">;

export interface Place {
  attached: readonly Attached[];
  waiting: Words | null;
  /** How many posts have left from here: whoever shows the words of one clears them then. */
  posted: number;
}

export interface UploadsOptions {
  upload: (file: File, onProgress: (share: number) => void) => Upload;
  post: (post: NewPost) => void;
}

export const MOST_FILES = 20;
const blank: Place = { attached: [], waiting: null, posted: 0 };

export class Uploads {
  readonly store = createStore<{ places: Readonly<Record<string, Place>> }>()(() => ({ places: {} }));
  private readonly options: UploadsOptions;
  private readonly running = new Map<number, Upload>();
  private last = 0;

  constructor(options: UploadsOptions) {
    this.options = options;
  }

  stop(): void {
    for (const upload of this.running.values()) upload.cancel();
    this.store.setState({ places: {} });
  }

  /** Begins to send files; says whether there was room for all of them. */
  attach(channel: Id, thread: Id | null, files: Iterable<File>): boolean {
    const place = draftKey(channel, thread);
    for (const source of files) {
      const { attached } = this.at(place);
      if (attached.length >= MOST_FILES) return false;
      this.last += 1;
      const one = { key: this.last, name: source.name, size: source.size, share: 0, error: "", file: null, source };
      this.change(place, { attached: [...attached, one] });
      this.start(place, one);
    }
    return true;
  }

  retry(channel: Id, thread: Id | null, one: Attached): void {
    const place = draftKey(channel, thread);
    this.changeFile(place, one.key, { error: "", share: 0 });
    this.start(place, one);
  }

  remove(channel: Id, thread: Id | null, key: number): void {
    const place = draftKey(channel, thread);
    this.running.get(key)?.cancel();
    this.change(place, { attached: this.at(place).attached.filter((one) => one.key !== key) });
    this.settle(place);
  }

  /** Posts these words with the files of their place: at once, or as soon as the files are there. */
  post(words: Words): void {
    const place = draftKey(words.channel, words.thread);
    this.change(place, { waiting: words });
    this.settle(place);
  }

  takeBack(channel: Id, thread: Id | null): void {
    this.change(draftKey(channel, thread), { waiting: null });
  }

  private start(place: string, { key, source }: Attached): void {
    const upload = this.options.upload(source, (share) => this.changeFile(place, key, { share }));
    this.running.set(key, upload);
    upload.done
      .then((file) => {
        this.changeFile(place, key, { file, share: 1 });
        this.settle(place);
      })
      .catch((error) => this.changeFile(place, key, { error: messageOf(error) }))
      .finally(() => this.running.delete(key));
  }

  private settle(place: string): void {
    const { attached, waiting, posted } = this.at(place);
    const files = attached.flatMap((one) => one.file ?? []);
    if (!waiting || files.length < attached.length) return;
    const empty = waiting.text === "" && files.length === 0;
    this.change(place, empty ? { waiting: null } : { attached: [], waiting: null, posted: posted + 1 });
    if (!empty) this.options.post({ ...waiting, files });
  }

  private at(place: string): Place {
    return this.store.getState().places[place] ?? blank;
  }

  private change(place: string, fields: Partial<Place>): void {
    this.store.setState(({ places }) => ({
      places: { ...places, [place]: { ...(places[place] ?? blank), ...fields } },
    }));
  }

  private changeFile(place: string, key: number, fields: Partial<Attached>): void {
    const { attached } = this.at(place);
    if (!attached.some((one) => one.key === key)) return;
    this.change(place, { attached: attached.map((one) => (one.key === key ? { ...one, ...fields } : one)) });
  }
}

export function usePlace(uploads: Uploads, channel: Id, thread: Id | null): Place {
  return useStore(uploads.store, ({ places }) => places[draftKey(channel, thread)] ?? blank);
}
