import { act, cleanup, render } from "@testing-library/react";
import { useRef } from "react";
import { afterEach, beforeAll, expect, it } from "vitest";
import { dropZone, useDrops, watchDrops } from "./drops";

const taken: string[] = [];

function Taker({ name }: { name: string }) {
  const box = useRef<HTMLDivElement>(null);
  const over = useDrops(box, (files) => taken.push(`${name}: ${files.length}`));
  return <div ref={box} title={name} data-over={over !== null} />;
}

/** What happens to something dragged over an element, as the browser tells of it: whether the page dealt with it. */
function drag(kind: "dragover" | "drop", on: Element, types = ["Files"]): boolean {
  const event = new Event(kind, { bubbles: true, cancelable: true });
  Object.assign(event, { dataTransfer: { types, files: types.includes("Files") ? [new File([], "a")] : [] } });
  act(() => void on.dispatchEvent(event));
  return event.defaultPrevented;
}

beforeAll(watchDrops);
afterEach(() => {
  cleanup();
  taken.length = 0;
});

it("gives dropped files to the nearest zone that takes any, and to nobody outside of all", () => {
  const { getByTitle } = render(
    <main title="outside">
      <div {...dropZone}>
        <p title="words" />
        <Taker name="channel" />
        <aside {...dropZone} title="members" />
        <aside {...dropZone}>
          <p title="reply" />
          <Taker name="thread" />
        </aside>
      </div>
    </main>,
  );
  const over = (name: string) => getByTitle(name).dataset.over;
  expect(drag("dragover", getByTitle("reply"))).toBe(true);
  expect([over("channel"), over("thread")]).toEqual(["false", "true"]);
  for (const place of ["words", "reply", "members", "outside"]) expect(drag("drop", getByTitle(place))).toBe(true);
  expect(taken).toEqual(["channel: 1", "thread: 1", "channel: 1"]);
  expect(over("thread")).toBe("false");
});

it("leaves alone what is dragged and is no file", () => {
  const { getByTitle } = render(<p title="words" />);
  expect(drag("dragover", getByTitle("words"), ["text/plain"])).toBe(false);
  expect(drag("drop", getByTitle("words"), ["text/plain"])).toBe(false);
});
