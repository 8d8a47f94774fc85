/**
 * The socket: one connection that comes back by itself.
 *
 *   stopped → connecting → open → waiting → connecting …          signed-out and ended are final
 *
 * After `hello` the owner sends its cursors, so a lost connection costs time but no event. 1012 (restart) and 4408 (too
 * slow) come back almost at once; everything else backs off, doubling with jitter. Being online again, or being looked
 * at again, ends the wait. A socket of nobody may be kept waiting, or never come through to say 4401: when no hello came
 * twice, it is asked by HTTP whether anybody is signed in.
 */
import { ApiError, errorBody } from "../api/http";
import type { ErrorBody, Frame } from "../api/types";

export type Status = "stopped" | "connecting" | "open" | "waiting" | "signed-out" | "ended";

export interface Wire {
  readonly readyState: number;
  send(data: string): void;
  close(code?: number): void;
  onopen: ((event: unknown) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
}

export interface SocketOptions {
  connect: () => Wire;
  onFrame: (frame: Frame) => void;
  onStatus: (status: Status) => void;
  /** Whether somebody is signed in, asked by HTTP; raises when that cannot be said. */
  signedIn: () => Promise<boolean>;
  random?: () => number;
}

interface Call {
  resolve: (result: unknown) => void;
  reject: (error: ApiError) => void;
  timer: ReturnType<typeof setTimeout>;
}

const CALL_TIMEOUT = 6_000;
/** In characters, of at most 3 bytes each: the server refuses frames over 64 KiB, so long texts go by HTTP. */
const LONGEST_CALL = 20_000;
const PING_EVERY = 25_000;
const PONG_WITHIN = 8_000;
const HELLO_WITHIN = 10_000;
const LONGEST_WAIT = 15_000;
const QUICK_TRIES = 3;
const OPEN = 1;

export class Socket {
  status: Status = "stopped";
  private readonly options: SocketOptions;
  private wire: Wire | null = null;
  private tries = 0;
  private unheard = 0;
  private lastCall = 0;
  private readonly calls = new Map<string, Call>();
  private retry: ReturnType<typeof setTimeout> | undefined;
  private ping: ReturnType<typeof setTimeout> | undefined;
  private watchdog: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SocketOptions) {
    this.options = options;
  }

  start(): void {
    if (this.status === "stopped") this.open();
  }

  stop(): void {
    this.drop(null);
    this.become("stopped");
  }

  /** Ends a wait, and asks a connection that may have died in our sleep whether it still lives. */
  wake(): void {
    if (this.status === "waiting") this.open();
    else if (this.status === "open") this.sendPing(PONG_WITHIN / 2);
  }

  /** Sends a frame if the socket is open; says whether it did. */
  send(frame: object): boolean {
    if (this.status !== "open" || this.wire?.readyState !== OPEN) return false;
    this.wire.send(JSON.stringify(frame));
    return true;
  }

  /** A request over the socket. Rejects with status 0 when there is no answer, so that the caller takes HTTP. */
  call<T>(method: string, params: object): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.lastCall += 1;
      const id = String(this.lastCall);
      const frame = { type: "call", id, method, params };
      if (JSON.stringify(frame).length > LONGEST_CALL || !this.send(frame)) {
        reject(noAnswer());
        return;
      }
      const timer = setTimeout(() => {
        this.calls.delete(id);
        reject(noAnswer());
      }, CALL_TIMEOUT);
      this.calls.set(id, { resolve: (result) => resolve(result as T), reject, timer });
    });
  }

  private open(): void {
    clearTimeout(this.retry);
    this.become("connecting");
    const wire = this.options.connect();
    this.wire = wire;
    wire.onmessage = (event) => this.receive(wire, event.data);
    wire.onclose = (event) => this.closed(wire, event.code);
    this.watch(HELLO_WITHIN);
  }

  private receive(wire: Wire, data: unknown): void {
    if (wire !== this.wire || typeof data !== "string") return;
    const frame = parsed(data);
    if (!frame) return;
    clearTimeout(this.watchdog);
    if (frame.type === "hello") this.greeted();
    if (frame.type === "reply") this.answered(frame);
    else if (frame.type !== "pong") this.options.onFrame(frame);
    if (this.status === "open") this.rest();
  }

  private greeted(): void {
    this.tries = 0;
    this.unheard = 0;
    this.become("open");
  }

  private answered(frame: { id: string; result?: unknown; error?: ErrorBody }): void {
    const call = this.calls.get(frame.id);
    if (!call) return;
    this.calls.delete(frame.id);
    clearTimeout(call.timer);
    if (frame.error) call.reject(new ApiError(statusOf(frame.error.code), frame.error, waitOf(frame.error)));
    else call.resolve(frame.result);
  }

  /** After a while without a frame, ask. */
  private rest(): void {
    clearTimeout(this.ping);
    this.ping = setTimeout(() => this.sendPing(PONG_WITHIN), PING_EVERY);
  }

  private sendPing(within: number): void {
    if (this.send({ type: "ping" })) this.watch(within);
  }

  private watch(within: number): void {
    clearTimeout(this.watchdog);
    const wire = this.wire;
    this.watchdog = setTimeout(() => {
      if (wire && wire === this.wire) this.closed(wire, 1006);
    }, within);
  }

  private closed(wire: Wire, code: number): void {
    if (wire !== this.wire) return;
    if (this.status === "connecting") this.unheard += 1;
    this.drop(1000);
    if (code === 4401) this.become("signed-out");
    else if (code === 4403) this.become("ended");
    else {
      this.wait(code);
      if (this.unheard > 1) void this.ask();
    }
  }

  private async ask(): Promise<void> {
    const signedIn = await this.options.signedIn().catch(() => true);
    if (signedIn || (this.status !== "waiting" && this.status !== "connecting")) return;
    this.drop(1000);
    this.become("signed-out");
  }

  private wait(code: number): void {
    this.tries += 1;
    const quick = (code === 1012 || code === 4408) && this.tries <= QUICK_TRIES;
    const jitter = 0.5 + (this.options.random ?? Math.random)() / 2;
    const most = quick ? 400 : Math.min(LONGEST_WAIT, 500 * 2 ** (this.tries - 1));
    this.become("waiting");
    this.retry = setTimeout(() => this.open(), most * jitter);
  }

  private drop(code: number | null): void {
    clearTimeout(this.retry);
    clearTimeout(this.ping);
    clearTimeout(this.watchdog);
    const wire = this.wire;
    this.wire = null;
    if (wire) {
      wire.onclose = null;
      wire.onmessage = null;
      wire.close(code ?? 1000);
    }
    for (const call of this.calls.values()) {
      clearTimeout(call.timer);
      call.reject(noAnswer());
    }
    this.calls.clear();
  }

  private become(status: Status): void {
    if (status === this.status) return;
    this.status = status;
    this.options.onStatus(status);
  }
}

function parsed(data: string): Frame | null {
  try {
    return JSON.parse(data) as Frame;
  } catch {
    return null;
  }
}

function noAnswer(): ApiError {
  return new ApiError(0, { code: "no_answer", message: "The server cannot be reached." });
}

const PASSING = new Set(["rate_limited", "throttled", "too_many"]);

/** Replies carry no HTTP status: a request refused for now is told apart from one refused for good by its code. */
function statusOf(code: string): number {
  if (PASSING.has(code)) return 429;
  return code === "internal" || code === "unavailable" || code === "server_error" ? 503 : 422;
}

function waitOf(error: ErrorBody): number | null {
  const seconds = Number(errorBody({ error }, 0).fields?.retry_after ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds : null;
}
