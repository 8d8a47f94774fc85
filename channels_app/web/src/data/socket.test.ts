import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ApiError } from "../api/http";
import type { Frame } from "../api/types";
import { alice, org } from "../test/cast";
import { Socket, type Status, type Wire } from "./socket";

class FakeWire implements Wire {
  readyState = 1;
  sent: Record<string, unknown>[] = [];
  onopen: Wire["onopen"] = null;
  onmessage: Wire["onmessage"] = null;
  onclose: Wire["onclose"] = null;
  send(data: string): void {
    this.sent.push(JSON.parse(data) as Record<string, unknown>);
  }
  close(): void {
    this.readyState = 3;
  }
  hear(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  hello(): void {
    this.hear({ type: "hello", person: alice, org, streams: {} });
  }
  fall(code: number): void {
    this.onclose?.({ code });
  }
}

function socketWith(signedIn: () => Promise<boolean> = async () => true) {
  const wires: FakeWire[] = [];
  const frames: Frame[] = [];
  const states: Status[] = [];
  const socket = new Socket({
    connect: () => {
      const wire = new FakeWire();
      wires.push(wire);
      return wire;
    },
    onFrame: (frame) => frames.push(frame),
    onStatus: (status) => states.push(status),
    signedIn,
    random: () => 1,
  });
  socket.start();
  const wire = (): FakeWire => wires.at(-1) as FakeWire;
  return { socket, wires, wire, frames, states };
}

describe("the socket", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("is open after hello, and hands on frames", () => {
    const { wire, frames, states } = socketWith();
    wire().hello();
    wire().hear({ type: "typing", channel: "G", person: "B" });
    expect(states).toEqual(["connecting", "open"]);
    expect(frames.map((frame) => frame.type)).toEqual(["hello", "typing"]);
  });

  it("ignores what is not JSON", () => {
    const { wire, frames } = socketWith();
    wire().onmessage?.({ data: "{" });
    expect(frames).toEqual([]);
  });

  it("comes back almost at once after a restart, and when it was too slow", async () => {
    for (const code of [1012, 4408]) {
      const { wires, wire } = socketWith();
      wire().hello();
      wire().fall(code);
      await vi.advanceTimersByTimeAsync(401);
      expect(wires.length).toBe(2);
    }
  });

  it("backs off, doubling, when there is nobody", async () => {
    const { wires, wire } = socketWith();
    const waits: number[] = [];
    for (let n = 0; n < 5; n += 1) {
      wire().fall(1006);
      const before = wires.length;
      let waited = 0;
      while (wires.length === before) {
        await vi.advanceTimersByTimeAsync(100);
        waited += 100;
      }
      waits.push(waited);
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000]);
  });

  it("never waits longer than a quarter of a minute", async () => {
    const { wires, wire } = socketWith();
    for (let n = 0; n < 12; n += 1) {
      wire().fall(1006);
      await vi.advanceTimersByTimeAsync(15_000);
    }
    const before = wires.length;
    wire().fall(1006);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(wires.length).toBeGreaterThan(before);
  });

  it("tries at once when it is woken", () => {
    const { socket, wires, wire } = socketWith();
    wire().fall(1006);
    socket.wake();
    expect(wires.length).toBe(2);
  });

  it("does not come back to a server that does not want us", async () => {
    const { wires, wire, states } = socketWith();
    wire().fall(4401);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(wires.length).toBe(1);
    expect(states.at(-1)).toBe("signed-out");
    const other = socketWith();
    other.wire().hello();
    other.wire().fall(4403);
    expect(other.states.at(-1)).toBe("ended");
  });

  it("asks by HTTP whether anybody is signed in when no hello comes twice, and goes when nobody is", async () => {
    let asked = 0;
    const { wires, wire, states } = socketWith(async () => {
      asked += 1;
      return false;
    });
    wire().hello();
    wire().fall(1012);
    await vi.advanceTimersByTimeAsync(10_500);
    expect([wires.length, asked]).toEqual([2, 0]);
    await vi.advanceTimersByTimeAsync(11_000);
    expect(asked).toBe(1);
    expect(states.at(-1)).toBe("signed-out");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(wires.length).toBe(3);
  });

  it("does not take a server that is down, or that says hello after all, for one that knows nobody", async () => {
    const down = socketWith(() => Promise.reject(new Error("down")));
    for (let n = 0; n < 4; n += 1) {
      down.wire().fall(1006);
      await vi.advanceTimersByTimeAsync(15_000);
    }
    expect(down.states).not.toContain("signed-out");
    let answer = (_: boolean): void => {};
    const late = socketWith(() => new Promise((done) => (answer = done)));
    late.wire().fall(1006);
    late.socket.wake();
    late.wire().fall(1006);
    late.socket.wake();
    late.wire().hello();
    answer(false);
    await vi.advanceTimersByTimeAsync(0);
    expect(late.states.at(-1)).toBe("open");
  });

  it("asks a silent connection whether it lives, and drops a dead one", async () => {
    const { wires, wire, states } = socketWith();
    wire().hello();
    await vi.advanceTimersByTimeAsync(25_000);
    expect(wire().sent).toEqual([{ type: "ping" }]);
    wire().hear({ type: "pong" });
    await vi.advanceTimersByTimeAsync(24_000);
    expect(states.at(-1)).toBe("open");
    await vi.advanceTimersByTimeAsync(9_200);
    expect(states.at(-1)).toBe("waiting");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(wires.length).toBe(2);
  });

  it("gives up on a connection that never says hello", async () => {
    const { wires } = socketWith();
    await vi.advanceTimersByTimeAsync(11_000);
    expect(wires.length).toBe(2);
  });
});

describe("calls", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const failed = (call: Promise<unknown>) =>
    call.then(
      () => null,
      (error: ApiError) => error,
    );

  it("answer with the result", async () => {
    const { socket, wire } = socketWith();
    wire().hello();
    const call = socket.call("messages.post", { text: "hi" });
    expect(wire().sent[0]).toMatchObject({ type: "call", method: "messages.post", params: { text: "hi" } });
    wire().hear({ type: "reply", id: wire().sent[0]?.id, result: { id: "m1" } });
    expect(await call).toEqual({ id: "m1" });
  });

  it("fail with what the server says", async () => {
    const { socket, wire } = socketWith();
    wire().hello();
    const call = failed(socket.call("messages.edit", {}));
    wire().hear({ type: "reply", id: wire().sent[0]?.id, error: { code: "forbidden", message: "No." } });
    expect(await call).toMatchObject({ code: "forbidden", message: "No.", passing: false });
  });

  it("fail for now when the connection is lost, is not there, or is silent", async () => {
    const { socket, wire } = socketWith();
    expect(await failed(socket.call("x", {}))).toMatchObject({ status: 0 });
    wire().hello();
    const lost = failed(socket.call("x", {}));
    wire().fall(1006);
    expect(await lost).toMatchObject({ status: 0 });
    socket.wake();
    wire().hello();
    const silent = failed(socket.call("x", {}));
    await vi.advanceTimersByTimeAsync(6_000);
    expect(await silent).toMatchObject({ status: 0 });
  });

  it("know a refusal for now from one for good", async () => {
    const { socket, wire } = socketWith();
    wire().hello();
    const call = failed(socket.call("x", {}));
    wire().hear({ type: "reply", id: wire().sent[0]?.id, error: { code: "too_many", message: "Slowly." } });
    expect((await call)?.passing).toBe(true);
  });
});
