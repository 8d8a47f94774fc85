/** A small typed fetch: JSON in and out, the CSRF header, errors in one shape, and how long to wait when told to. */
import type { ErrorBody } from "./types";

export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: Record<string, unknown>;
  /** Seconds the server asks us to wait; null when it did not say. */
  readonly retryAfter: number | null;

  constructor(status: number, body: ErrorBody, retryAfter: number | null = null) {
    super(body.message);
    this.name = "ApiError";
    this.status = status;
    this.code = body.code;
    this.fields = body.fields ?? {};
    this.retryAfter = retryAfter;
  }

  /** True when the same request may well succeed later: no connection, too many requests, a server that restarts. */
  get passing(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
type Query = Record<string, string | number | boolean | null | undefined>;

let csrf = "";
let onSignedOut: () => void = () => {};

/** The token for writes; `GET /me` and `askSession` bring it, the cookie has it too. */
export function setCsrf(token: string): void {
  csrf = token;
}

export function setSignedOutHandler(handler: () => void): void {
  onSignedOut = handler;
}

export function csrfToken(): string {
  const cookie = document.cookie.split("; ").find((part) => part.startsWith("csrftoken="));
  return cookie ? decodeURIComponent(cookie.slice("csrftoken=".length)) : csrf;
}

/** Whether somebody is signed in here. Brings a token for writes; raises when the server gives no answer. */
export async function askSession(): Promise<boolean> {
  const { signed_in, csrf: token } = await request<{ signed_in: boolean; csrf: string }>("GET", "/session");
  setCsrf(token);
  return signed_in;
}

export function request<T>(method: Method, path: string, body?: unknown, query?: Query): Promise<T> {
  return withToken(() => send<T>(method, path, body, query));
}

/**
 * A write whose token the server misses, because the cookies are gone or are others, is done once more with a fresh
 * one. Without a session no token helps: then nobody is signed in any more.
 */
export async function withToken<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "csrf") throw error;
    if (await askSession()) return write();
    throw refused(401, { error: { code: "not_signed_in", message: "You are not signed in any more." } });
  }
}

async function send<T>(method: Method, path: string, body: unknown, query: Query | undefined): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-CSRFToken"] = csrfToken();
  const init: RequestInit = { method, headers, credentials: "same-origin" };
  if (body !== undefined) init.body = JSON.stringify(body);
  const answer = await fetch(`/api/v1${path}${queryString(query)}`, init).catch(() => null);
  if (answer === null) throw new ApiError(0, { code: "offline", message: "The server cannot be reached." });
  return read<T>(answer);
}

async function read<T>(answer: Response): Promise<T> {
  if (answer.status === 204) return undefined as T;
  const data: unknown = await answer.json().catch(() => null);
  // 300 is an answer too: several organizations know this person, and one has to be chosen.
  if (answer.ok || answer.status === 300) return data as T;
  throw refused(answer.status, data, retryAfter(answer.headers));
}

/** What an answer that is a refusal says. Leads to sign-in when it says that nobody is signed in. */
export function refused(status: number, data: unknown, retryAfter: number | null = null): ApiError {
  const error = new ApiError(status, errorBody(data, status), retryAfter);
  if (status === 401 && error.code !== "bad_credentials") onSignedOut();
  return error;
}

export function errorBody(data: unknown, status: number): ErrorBody {
  const error = (data as { error?: ErrorBody } | null)?.error;
  if (error && typeof error.message === "string") return error;
  return { code: `http_${status}`, message: status >= 500 ? "The server had a problem." : "That did not work." };
}

function retryAfter(headers: Headers): number | null {
  const seconds = Number(headers.get("Retry-After") ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds : null;
}

function queryString(query: Query | undefined): string {
  const parts = Object.entries(query ?? {}).filter(([, value]) => value !== null && value !== undefined);
  if (parts.length === 0) return "";
  return `?${new URLSearchParams(parts.map(([key, value]) => [key, String(value)])).toString()}`;
}

export function messageOf(error: unknown): string {
  return error instanceof Error && error.message ? error.message : "Something went wrong.";
}
