import { describe, expect, it } from "vitest";
import { ApiError } from "../api/http";
import type { FileInfo } from "../api/types";
import type { NewPost } from "./outbox";
import { Uploads, type Words } from "./uploads";

const words = (text: string): Words => ({ channel: "G", thread: null, also_to_channel: false, text });
const settled = () => new Promise((done) => setTimeout(done));

/** Alice writes in #garden; each file is on its way until the test says how it ended. */
function writing() {
  const posts: [string, string[]][] = [];
  const cancelled: string[] = [];
  const ends: Record<string, { arrive: () => void; fail: () => void }> = {};
  const uploads = new Uploads({
    upload: ({ name }) => {
      const done = new Promise<FileInfo>((resolve, reject) => {
        const fail = () => reject(new ApiError(0, { code: "offline", message: "The connection was lost." }));
        ends[name] = { arrive: () => resolve({ id: name, name } as FileInfo), fail };
      });
      return { done, cancel: () => cancelled.push(name) };
    },
    post: ({ text, files }: NewPost) => posts.push([text, files.map(({ name }) => name)]),
  });
  const attach = (...names: string[]) =>
    uploads.attach(
      "G",
      null,
      names.map((name) => new File(["x"], name)),
    );
  const end = async (name: string, how: "arrive" | "fail") => {
    ends[name]?.[how]();
    await settled();
  };
  const place = () => uploads.store.getState().places["G/"];
  const file = (name: string) => place()?.attached.find((one) => one.name === name);
  return { uploads, posts, cancelled, attach, end, place, file };
}

describe("a post with files", () => {
  it("leaves at once when they are there, or when there are none", async () => {
    const { uploads, posts, attach, end, place } = writing();
    uploads.post(words("bare"));
    attach("a");
    await end("a", "arrive");
    uploads.post(words("with a"));
    expect(posts).toEqual([
      ["bare", []],
      ["with a", ["a"]],
    ]);
    expect(place()).toEqual({ attached: [], waiting: null, posted: 2 });
  });

  it("waits for them, and leaves by itself", async () => {
    const { uploads, posts, attach, end, place } = writing();
    attach("a", "b");
    uploads.post(words("look"));
    await end("b", "arrive");
    expect(place()?.waiting?.text).toBe("look");
    expect(posts).toEqual([]);
    await end("a", "arrive");
    expect(posts).toEqual([["look", ["a", "b"]]]);
  });

  it("can be taken back, its files with it", async () => {
    const { uploads, posts, attach, end, place, file } = writing();
    attach("a");
    uploads.post(words("oh no"));
    uploads.takeBack("G", null);
    await end("a", "arrive");
    expect(posts).toEqual([]);
    expect(place()?.waiting).toBeNull();
    expect(file("a")?.file).not.toBeNull();
  });

  it("is held up by a file that could not be sent, until that is sent again or removed", async () => {
    const { uploads, posts, attach, end, file } = writing();
    attach("a", "b");
    uploads.post(words("two"));
    await end("a", "fail");
    await end("b", "arrive");
    expect(file("a")?.error).toBe("The connection was lost.");
    expect(posts).toEqual([]);
    const failed = file("a");
    if (failed) uploads.retry("G", null, failed);
    await end("a", "fail");
    uploads.remove("G", null, file("a")?.key ?? 0);
    expect(posts).toEqual([["two", ["b"]]]);
  });

  it("does not leave when nothing of it is left", () => {
    const { uploads, posts, cancelled, attach, place, file } = writing();
    attach("a");
    uploads.post(words(""));
    uploads.remove("G", null, file("a")?.key ?? 0);
    expect([posts, cancelled, place()?.waiting]).toEqual([[], ["a"], null]);
  });

  it("has at most twenty of them", () => {
    const { attach, place } = writing();
    expect(attach(...Array.from({ length: 20 }, (_, n) => `file ${n}`))).toBe(true);
    expect(attach("one more")).toBe(false);
    expect(place()?.attached).toHaveLength(20);
  });

  it("stops with the page", async () => {
    const { uploads, posts, cancelled, attach, end } = writing();
    attach("a");
    uploads.post(words("late"));
    uploads.stop();
    await end("a", "arrive");
    expect([posts, cancelled]).toEqual([[], ["a"]]);
  });
});
