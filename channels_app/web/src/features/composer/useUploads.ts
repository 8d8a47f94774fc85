/** The files of the post that is being written here. */
import type { Id } from "../../api/types";
import { useEngine } from "../../app/session";
import { store } from "../../data/store";
import { type Attached, MOST_FILES, usePlace } from "../../data/uploads";
import { sizeOf } from "../../text/time";
import { complain } from "../../ui/toasts";

export function useUploads(channel: Id, thread: Id | null) {
  const { uploads } = useEngine();
  const place = usePlace(uploads, channel, thread);

  function add(files: Iterable<File>): void {
    const limit = store.getState().limits.upload;
    const all = [...files];
    for (const { name, size } of all) {
      if (size > limit) complain(new Error(`${name} is larger than ${sizeOf(limit)}.`));
    }
    const room = uploads.attach(
      channel,
      thread,
      all.filter(({ size }) => size <= limit),
    );
    if (!room) complain(new Error(`A message has at most ${MOST_FILES} files.`));
  }

  return {
    ...place,
    add,
    remove: (key: number) => uploads.remove(channel, thread, key),
    retry: (one: Attached) => uploads.retry(channel, thread, one),
    post: (words: { text: string; also_to_channel: boolean }) => uploads.post({ channel, thread, ...words }),
    takeBack: () => uploads.takeBack(channel, thread),
  };
}
