/**
 * The engine: from signed in to live.
 *
 *   load me → socket says hello (heads of all streams) → load the lists → resume from what they contain → live
 *
 * Frames that arrive before the lists wait. Coming back after a lost connection needs no list: the cursors say it all,
 * unless we are too far behind or the server's log is shorter than ours (it was restored): then everything is read anew.
 */
import { channels, me as meApi, orgs, requests, session } from "../api/endpoints";
import { setCsrf } from "../api/http";
import type { Event, Frame, Kind, Me, Person, Role } from "../api/types";
import { upload } from "../api/upload";
import { applyAll, withOthers } from "./apply";
import { takeCounts } from "./counts";
import { takeUpDrafts, writeDraft } from "./drafts";
import { endTyping, noteTyping, setPresence, setStatus } from "./live";
import { browserShelf, Outbox } from "./outbox";
import { stillRead } from "./reading";
import { Socket, type Wire } from "./socket";
import { byId, channelStream, emptyState, loadedState } from "./state";
import { store, update } from "./store";
import { Uploads } from "./uploads";
import { catchUp, noteKey, sendPost, speakThrough, takePosted } from "./verbs";

const MOST_MISSED = 5_000;
const GAP_PATIENCE = 700;
const HELLO_PATIENCE = 4_000;
const COUNT_PATIENCE = 1_000;

/** After these, what we hold says nothing about what there is to see now. */
const AFRESH: readonly Kind[] = ["access.changed", "state.restored"];

export type Listener = (events: readonly Event[]) => void;
const listeners = new Set<Listener>();

export function onEvent(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export class Engine {
  readonly outbox: Outbox;
  readonly uploads: Uploads;
  private readonly socket: Socket;
  private readonly me: Me;
  private role: Role;
  private waiting: Event[] = [];
  private heads: Record<string, number> | null = null;
  private loading = false;
  private flushTimer: ReturnType<typeof setTimeout> | undefined;
  private gapTimer: ReturnType<typeof setTimeout> | undefined;
  private countTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly signedOut: () => void;

  constructor(me: Me, signedOut: () => void) {
    this.me = me;
    this.role = me.person.role;
    this.signedOut = signedOut;
    setCsrf(me.csrf);
    this.outbox = new Outbox({ send: sendPost, sent: takePosted, twin: noteKey, shelf: browserShelf(me.person.id) });
    this.uploads = new Uploads({
      upload,
      post: (post) => {
        this.outbox.post(post);
        writeDraft(post.channel, post.thread, "");
      },
    });
    this.socket = new Socket({
      connect: () => new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`) as Wire,
      onFrame: (frame) => this.take(frame),
      onStatus: (status) => {
        setStatus(status, Date.now());
        if (status === "signed-out" || status === "ended") this.signedOut();
      },
      signedIn: session.get,
    });
  }

  start(): void {
    speakThrough(this.socket);
    this.socket.start();
    window.addEventListener("online", this.wake);
    // A connection that was lost does not always say so: asking it shows.
    window.addEventListener("offline", this.wake);
    document.addEventListener("visibilitychange", this.wake);
    void this.outbox.load();
    // A network that lets no socket through must not keep the page empty.
    setTimeout(() => !store.getState().ready && !this.loading && void this.load({}), HELLO_PATIENCE);
  }

  stop(): void {
    window.removeEventListener("online", this.wake);
    window.removeEventListener("offline", this.wake);
    document.removeEventListener("visibilitychange", this.wake);
    this.socket.stop();
    this.uploads.stop();
    this.outbox.stop();
    speakThrough(null);
    clearTimeout(this.gapTimer);
    clearTimeout(this.countTimer);
    store.setState(emptyState, true);
  }

  typing(channel: string, thread: string | null): void {
    this.socket.send(thread === null ? { type: "typing", channel } : { type: "typing", channel, thread });
  }

  private readonly wake = (): void => {
    if (document.visibilityState !== "visible") return;
    this.socket.wake();
    this.outbox.wake();
  };

  private take(frame: Frame): void {
    if (frame.type === "hello") this.greeted(frame);
    else if (frame.type === "event") this.hear(frame);
    else if (frame.type === "presence") setPresence(frame.people ?? {});
    else if (frame.type === "typing") {
      if (frame.person !== this.me.person.id) noteTyping(frame.channel, frame.thread ?? null, frame.person, Date.now());
    }
  }

  private greeted(hello: Extract<Frame, { type: "hello" }>): void {
    setPresence(hello.presence ?? {}, true);
    this.outbox.wake();
    const { ready, cursors } = store.getState();
    if (ready && canResume(cursors, hello.streams)) this.resume(hello.streams);
    else void this.load(hello.streams);
  }

  private resume(heads: Record<string, number>): void {
    const { cursors, channels: known } = store.getState();
    // Also the open channels that we only look into: hello does not name them.
    const looked = new Set(Object.keys(known).map(channelStream));
    const followed = Object.entries(cursors).filter(([stream]) => stream in heads || looked.has(stream));
    this.socket.send({ type: "resume", streams: Object.fromEntries(followed) });
    // Streams that began while we were away are told of by our own stream.
    update((state) => ({ ...state, cursors: { ...ownHeads(heads), ...state.cursors } }));
  }

  private async load(heads: Record<string, number>): Promise<void> {
    this.heads = heads;
    if (this.loading) return;
    this.loading = true;
    for (let wait = 1_000; ; wait = Math.min(wait * 2, 15_000)) {
      try {
        await this.readLists();
        break;
      } catch {
        if (this.socket.status === "signed-out" || this.socket.status === "stopped") break;
        await new Promise((done) => setTimeout(done, wait));
      }
    }
    this.loading = false;
  }

  private async readLists(): Promise<void> {
    const heads = this.heads ?? {};
    const guest = this.role === "guest";
    const [me, list, people, drafts, saved, tray, asked] = await Promise.all([
      meApi.get(),
      channels.list("mine"),
      guest ? Promise.resolve<Person[]>([]) : orgs.members(this.me.org.id),
      meApi.drafts(),
      meApi.saved(),
      guest ? Promise.resolve({ items: [] }) : requests.tray(),
      guest ? Promise.resolve([]) : meApi.guestRequests(),
    ]);
    setCsrf(me.csrf);
    const fresh = loadedState({
      me,
      channels: list,
      people,
      drafts: drafts.items,
      saved: saved.items.map((message) => message.id),
      strangers: tray.items,
      requests: asked,
      heads,
    });
    store.setState(fresh, true);
    takeUpDrafts();
    this.resume(this.heads ?? heads);
    this.flush();
    if (!guest) void readOpenChannels();
  }

  private hear(event: Event): void {
    this.waiting.push(event);
    if (!store.getState().ready) return;
    // What comes in one breath is applied, and painted, in one.
    this.flushTimer ??= setTimeout(() => this.flush(), 0);
  }

  private flush(): void {
    this.flushTimer = undefined;
    const events = this.waiting;
    this.waiting = [];
    for (const event of events) this.note(event);
    update((state) => stillRead(applyAll(state, events)));
    for (const listener of listeners) listener(events);
    if (events.some((event) => AFRESH.includes(event.kind))) void this.load(ownHeads(store.getState().cursors));
    else if (this.role !== "guest" && events.some(mayShowRequests)) void readRequests();
    const { gaps, stale } = store.getState();
    if (Object.keys(gaps).length > 0) this.mind();
    if (Object.keys(stale).length > 0) this.askCounts();
  }

  private note(event: Event): void {
    if (event.kind === "access.ended") this.signedOut();
    if (event.kind === "access.changed") this.role = event.payload.role;
    if (event.kind !== "message.posted") return;
    const { message } = event.payload;
    endTyping(message.channel, message.thread, message.author);
    if (message.author === this.me.person.id) this.outbox.seen(message);
  }

  /** Follows a channel that we only look into, from what we have read of it. */
  follow(channel: string, seq: number): void {
    const stream = channelStream(channel);
    if (stream in store.getState().cursors) return;
    update((state) => ({ ...state, cursors: { ...state.cursors, [stream]: seq } }));
    this.socket.send({ type: "resume", streams: { [stream]: seq } });
  }

  private askCounts(): void {
    this.countTimer ??= setTimeout(async () => {
      this.countTimer = undefined;
      for (const id of Object.keys(store.getState().stale).slice(0, 20)) {
        const fresh = await channels.get(id).catch(() => null);
        if (fresh) update((state) => takeCounts(state, fresh));
      }
    }, COUNT_PATIENCE);
  }

  /** The missing events may be on their way already; if they do not come, they are fetched. */
  private mind(): void {
    clearTimeout(this.gapTimer);
    this.gapTimer = setTimeout(() => {
      const { gaps, cursors } = store.getState();
      const streams = Object.keys(gaps).filter((stream) => stream in cursors);
      if (streams.length > 0) void catchUp(streams).catch(() => this.mind());
    }, GAP_PATIENCE);
  }
}

/** The open channels that one is not in: they are linked to and found, and need not be waited for. */
async function readOpenChannels(): Promise<void> {
  const gone = new Set<string>();
  const stop = onEvent((events) => {
    for (const { kind, payload } of events)
      if (kind === "channel.deleted" && "id" in payload) gone.add(String(payload.id));
  });
  const all = await channels.list("all").catch(() => []);
  stop();
  update((state) =>
    withOthers(
      state,
      all.filter(({ id }) => !gone.has(id)),
    ),
  );
}

/** Whoever asks for a channel that comes in is not told by its event. */
function mayShowRequests({ kind, stream }: Event): boolean {
  return kind === "channel.joined" || (kind === "channel.created" && stream.startsWith("org:"));
}

/** Read again as long as something happens to them meanwhile. */
async function readRequests(): Promise<void> {
  const before = store.getState().requests;
  const asked = await meApi.guestRequests().catch(() => null);
  if (asked === null) return;
  if (store.getState().requests !== before) return readRequests();
  update((state) => ({ ...state, requests: byId(asked) }));
}

function ownHeads(heads: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(heads).filter(([stream]) => !stream.startsWith("channel:")));
}

export function canResume(cursors: Readonly<Record<string, number>>, heads: Record<string, number>): boolean {
  let missed = 0;
  for (const [stream, cursor] of Object.entries(cursors)) {
    const head = heads[stream];
    if (head === undefined) continue;
    if (head < cursor) return false;
    missed += head - cursor;
  }
  return missed <= MOST_MISSED;
}
