import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../api/http";
import type { Message } from "../api/types";
import { message } from "../test/cast";
import { browserShelf, type NewPost, Outbox, type Pending, type Shelf } from "./outbox";

const words = (text: string, channel = "G"): NewPost => ({
  channel,
  thread: null,
  also_to_channel: false,
  text,
  files: [],
});
const offline = () => new ApiError(0, { code: "offline", message: "The server cannot be reached." });
const refused = () => new ApiError(422, { code: "invalid", message: "Too long." });
const busy = (seconds: number) => new ApiError(429, { code: "too_many", message: "Slowly." }, seconds);

function memory(kept: Pending[] = []): Shelf & { kept: Map<string, Pending> } {
  const map = new Map(kept.map((post) => [post.client_id, post]));
  return {
    kept: map,
    load: async () => [...map.values()],
    keep: async (post) => void map.set(post.client_id, post),
    drop: async (post) => void map.delete(post.client_id),
  };
}

function outboxWith(send: (post: Pending) => Promise<Message>, shelf = memory()) {
  const sent: string[] = [];
  const twins: string[] = [];
  const box = new Outbox({
    send,
    sent: (_, post) => sent.push(post.text),
    twin: (_, post) => twins.push(post.text),
    shelf,
  });
  const states = () => box.store.getState().posts.map(({ text, status }) => [text, status]);
  return { box, sent, twins, shelf, states };
}

describe("the outbox", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const settle = () => vi.advanceTimersByTimeAsync(0);

  it("sends, tells, and forgets", async () => {
    const { box, sent, shelf, states } = outboxWith(async () => message(4));
    box.post(words("one"));
    expect(states()).toEqual([["one", "sending"]]);
    await settle();
    expect(sent).toEqual(["one"]);
    expect(states()).toEqual([]);
    expect(shelf.kept.size).toBe(0);
  });

  it("keeps the order of a channel, and lets no channel wait for another", async () => {
    const finish: Record<string, () => void> = {};
    const started: string[] = [];
    const { box } = outboxWith((post) => {
      started.push(post.text);
      return new Promise((done) => {
        finish[post.text] = () => done(message(4));
      });
    });
    box.post(words("one"));
    box.post(words("two"));
    box.post(words("elsewhere", "H"));
    await settle();
    expect(started).toEqual(["one", "elsewhere"]);
    finish.one?.();
    await settle();
    expect(started).toEqual(["one", "elsewhere", "two"]);
  });

  it("tries again when the trouble passes, with the same client_id, the later ones behind", async () => {
    const ids: string[] = [];
    let online = false;
    const { box, sent, states } = outboxWith(async (post) => {
      ids.push(post.client_id);
      if (!online) throw offline();
      return message(4);
    });
    box.post(words("one"));
    box.post(words("two"));
    await settle();
    expect(states()).toEqual([
      ["one", "waiting"],
      ["two", "waiting"],
    ]);
    online = true;
    await vi.advanceTimersByTimeAsync(1_100);
    expect(sent).toEqual(["one", "two"]);
    expect(ids[0]).toBe(ids[1]);
    expect(new Set(ids).size).toBe(2);
  });

  it("goes on at once when the connection is back", async () => {
    let online = false;
    const { box, sent } = outboxWith(async () => {
      if (!online) throw offline();
      return message(4);
    });
    box.post(words("one"));
    await vi.advanceTimersByTimeAsync(10_000);
    online = true;
    box.wake();
    await settle();
    expect(sent).toEqual(["one"]);
  });

  it("waits as long as the server asks", async () => {
    let asked = 0;
    const { box } = outboxWith(async () => {
      asked += 1;
      if (asked === 1) throw busy(5);
      return message(4);
    });
    box.post(words("one"));
    await vi.advanceTimersByTimeAsync(4_900);
    expect(asked).toBe(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(asked).toBe(2);
  });

  it("shows a refusal, and lets one try again or discard; the next post goes on", async () => {
    let refuse = true;
    const { box, sent, states } = outboxWith(async (post) => {
      if (refuse && post.text === "bad") throw refused();
      return message(4);
    });
    const bad = box.post(words("bad"));
    const worse = box.post(words("bad"));
    box.post(words("good"));
    await settle();
    expect(sent).toEqual(["good"]);
    expect(states()).toEqual([
      ["bad", "failed"],
      ["bad", "failed"],
    ]);
    box.discard(worse.client_id);
    refuse = false;
    box.retry(bad.client_id);
    await settle();
    expect(sent).toEqual(["good", "bad"]);
    expect(states()).toEqual([]);
  });

  it("takes up after a reload what was left, in order, and keeps failures as failures", async () => {
    const left = (text: string, at: number, status: Pending["status"]): Pending => ({
      ...words(text),
      client_id: text,
      at,
      status,
      error: "",
      seen: false,
    });
    const shelf = memory([left("two", 2, "waiting"), left("one", 1, "sending"), left("no", 3, "failed")]);
    const { box, sent, states } = outboxWith(async () => message(4), shelf);
    await box.load();
    await settle();
    expect(sent).toEqual(["one", "two"]);
    expect(states()).toEqual([["no", "failed"]]);
  });

  it("knows its post again by its client_id, also when the answer was lost", async () => {
    const { box, twins, shelf } = outboxWith(() => Promise.reject(offline()));
    const post = box.post(words("lost"));
    box.post(words("other"));
    await vi.advanceTimersByTimeAsync(0);
    box.seen(message(4, { author: "A", text: "as the server cut it", client_id: post.client_id }));
    expect(twins).toEqual(["lost"]);
    expect(box.store.getState().posts.map(({ text }) => text)).toEqual(["other"]);
    expect([...shelf.kept.values()].map(({ text }) => text)).toEqual(["other"]);
  });

  it("hides a post whose event came before its answer", async () => {
    const { box, twins } = outboxWith(() => new Promise(() => {}));
    box.post(words("one"));
    await settle();
    box.seen(message(4, { author: "A", text: "one" }));
    expect(twins).toEqual(["one"]);
    expect(box.store.getState().posts[0]?.seen).toBe(true);
  });
});

describe("the shelf in IndexedDB", () => {
  it("keeps, loads and drops", async () => {
    const shelf = browserShelf("A");
    const post: Pending = { ...words("one"), client_id: "c1", at: 1, status: "waiting", error: "", seen: false };
    await shelf.keep(post);
    expect(await shelf.load()).toEqual([post]);
    await shelf.drop(post);
    expect(await shelf.load()).toEqual([]);
  });
});
