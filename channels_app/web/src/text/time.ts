/** Times in words, in the reader's own zone. */
const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });
const thisYear = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const otherYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const short = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const shortYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });

const DAY = 86_400_000;

export const timeOf = (stamp: string): string => clock.format(new Date(stamp));
export const fullTimeOf = (stamp: string): string => full.format(new Date(stamp));

/** A number that is equal for times on the same local day. */
export function dayNumber(stamp: string | number): number {
  const date = new Date(stamp);
  return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / DAY;
}

export function dayName(stamp: string, now: number): string {
  const days = dayNumber(now) - dayNumber(stamp);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  const date = new Date(stamp);
  return date.getFullYear() === new Date(now).getFullYear() ? thisYear.format(date) : otherYear.format(date);
}

/** "3 minutes ago", "14:05" or "2 May". */
export function agoOf(stamp: string, now: number): string {
  const minutes = Math.floor((now - Date.parse(stamp)) / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  const days = dayNumber(now) - dayNumber(stamp);
  if (days === 0) return `today at ${timeOf(stamp)}`;
  return days === 1 ? `yesterday at ${timeOf(stamp)}` : short.format(new Date(stamp));
}

/** "2 May", or "2 May 2027" when that is another year than now. */
export function dateOf(stamp: string, now: number): string {
  const date = new Date(stamp);
  return (date.getFullYear() === new Date(now).getFullYear() ? short : shortYear).format(date);
}

/** The local day of a time as fields for dates have it: "2027-05-02". */
export function dayOf(stamp: string | number): string {
  const date = new Date(stamp);
  const two = (number: number): string => String(number).padStart(2, "0");
  return `${String(date.getFullYear()).padStart(4, "0")}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The last moment of a local day, as the API takes it (RFC 3339). */
export function endOfDay(day: string): string {
  return new Date(`${day}T23:59:59.999`).toISOString();
}

export function sizeOf(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ["kB", "MB", "GB"];
  let size = bytes / 1024;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}
