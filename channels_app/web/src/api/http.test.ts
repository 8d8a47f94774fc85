import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { request, setSignedOutHandler } from "./http";

const csrf = { status: 403, body: { error: { code: "csrf", message: "The CSRF token is missing." } } };
const session = (signed_in: boolean) => ({ status: 200, body: { signed_in, csrf: "fresh" } });
const done = { status: 200, body: { id: "m1" } };

/** A server that gives these answers in turn, and none after them; what it was asked, with which token. */
function server(...answers: { status: number; body: object }[]) {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (path: string, { method, headers }: { method: string; headers: HeadersInit }) => {
    asked.push(
      [method, path.slice("/api/v1".length), new Headers(headers).get("X-CSRFToken")].filter(Boolean).join(" "),
    );
    const answer = answers.shift();
    if (!answer) throw new TypeError("Failed to fetch");
    return new Response(JSON.stringify(answer.body), { status: answer.status });
  });
  return asked;
}

describe("a write without its token", () => {
  const signedOut = vi.fn();
  beforeEach(() => {
    signedOut.mockClear();
    setSignedOutHandler(signedOut);
  });
  afterEach(() => void vi.unstubAllGlobals());

  it("is done once more with a fresh one", async () => {
    const asked = server(csrf, session(true), done);
    expect(await request("POST", "/channels/G/messages", {})).toEqual({ id: "m1" });
    expect(asked).toEqual(["POST /channels/G/messages", "GET /session", "POST /channels/G/messages fresh"]);
    expect(signedOut).not.toHaveBeenCalled();
  });

  it("leads to sign-in when nobody is signed in any more", async () => {
    server(csrf, session(false));
    await expect(request("POST", "/channels/G/messages", {})).rejects.toMatchObject({ status: 401 });
    expect(signedOut).toHaveBeenCalledOnce();
  });

  it("waits when the server cannot say who is signed in", async () => {
    server(csrf);
    await expect(request("POST", "/channels/G/messages", {})).rejects.toMatchObject({ status: 0, passing: true });
    expect(signedOut).not.toHaveBeenCalled();
  });
});
