import { afterEach, beforeEach, expect, it } from "vitest";
import type { Message } from "../../api/types";
import { stopEditing, useUi } from "../../app/ui";
import { Outbox } from "../../data/outbox";
import { store } from "../../data/store";
import { message } from "../../test/cast";
import { editLast } from "./last";

const shelf = { load: async () => [], keep: async () => {}, drop: async () => {} };
let arrive: (message: Message) => void = () => {};
let box: HTMLTextAreaElement;

/** Alice has written one message in #garden, and sends another. */
function sending(): Outbox {
  const own = message(1, { author: "A" });
  const room = { line: ["m1"], byId: { m1: own }, threads: {} };
  store.setState({ me: { id: "A" }, rooms: { G: room } } as never);
  const sent = (fresh: Message): void => {
    const rooms = { G: { ...room, line: ["m1", "m2"], byId: { m1: own, m2: fresh } } };
    store.setState({ rooms } as never);
  };
  const send = () => new Promise<Message>((resolve) => (arrive = resolve));
  const outbox = new Outbox({ send, sent, twin: () => {}, shelf });
  outbox.post({ channel: "G", thread: null, also_to_channel: false, text: "A tyop", files: [] });
  return outbox;
}

beforeEach(() => {
  box = document.body.appendChild(document.createElement("textarea"));
  box.focus();
});

afterEach(() => {
  box.remove();
  stopEditing();
});

it("edits the last message once it has arrived, and not the one before it", async () => {
  expect(editLast(sending(), box, "G", null)).toBe(true);
  expect(useUi.getState().editing).toBeNull();
  arrive(message(2, { author: "A" }));
  await new Promise((done) => setTimeout(done));
  expect(useUi.getState().editing).toBe("m2");
});

it("does not disturb who writes on meanwhile", async () => {
  editLast(sending(), box, "G", null);
  box.value = "and";
  arrive(message(2, { author: "A" }));
  await new Promise((done) => setTimeout(done));
  expect(useUi.getState().editing).toBeNull();
});

it("edits at once what is there", () => {
  sending();
  const idle = new Outbox({ send: () => Promise.reject(), sent: () => {}, twin: () => {}, shelf });
  expect(editLast(idle, box, "G", null)).toBe(true);
  expect(useUi.getState().editing).toBe("m1");
});
