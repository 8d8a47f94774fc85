import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { bob, me } from "../test/cast";
import { begin, enter, leave, session } from "./session";

/** Answers of the server by path, each when the test says so. */
let answer: Record<string, (body: object) => void> = {};

class NoSocket {
  readyState = 0;
  send(): void {}
  close(): void {}
}

async function settled(): Promise<void> {
  await new Promise((done) => setTimeout(done));
}

beforeEach(() => {
  answer = {};
  vi.stubGlobal("WebSocket", NoSocket);
  vi.stubGlobal(
    "fetch",
    (path: string) => new Promise((done) => (answer[path] = (body) => done(new Response(JSON.stringify(body))))),
  );
});
afterEach(() => {
  leave();
  vi.unstubAllGlobals();
});

it("lets in who was quicker than the question whether anybody is signed in", async () => {
  void begin();
  void enter();
  answer["/api/v1/me"]?.(me);
  await settled();
  expect(session.getState().phase).toBe("in");
  answer["/api/v1/session"]?.({ signed_in: false, csrf: "token" });
  await settled();
  answer["/api/v1/setup"]?.({ needed: false });
  await settled();
  expect(session.getState().phase).toBe("in");
});

it("lets in once who is signed in by then", async () => {
  void begin();
  void enter();
  answer["/api/v1/me"]?.(me);
  await settled();
  const before = session.getState();
  answer["/api/v1/session"]?.({ signed_in: true, csrf: "token" });
  await settled();
  answer["/api/v1/me"]?.(me);
  await settled();
  expect(session.getState()).toBe(before);
});

it("lets in another person in place of who was signed in", async () => {
  void enter();
  answer["/api/v1/me"]?.(me);
  await settled();
  void enter();
  answer["/api/v1/me"]?.({ ...me, person: bob });
  await settled();
  expect(session.getState()).toMatchObject({ phase: "in", me: { person: { id: "B" } } });
});
