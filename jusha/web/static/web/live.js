// Numbers that live: takes the file that the teller writes each second, and only while somebody
// looks. Never shows an older number than the one it replaces; when as of stands still it says so.
// Without this file the page says the same, as of when it was opened.
const EVERY_MS = 2000;
const SLOWEST_MS = 60000;
const STOPPED_MS = 10000;

class Live {
  constructor(place) {
    this.place = place;
    this.failures = 0;
    this.timer = null;
    this.movedAt = performance.now();
    this.wait();
    document.addEventListener("visibilitychange", () => this.look());
  }

  get shown() {
    return this.place.querySelector("[data-at]");
  }

  /** Ask again later; a server that does not answer is asked ever more seldom, and not by all at once. */
  wait() {
    clearTimeout(this.timer);
    if (document.hidden) return;
    const pause = Math.min(EVERY_MS * 2 ** this.failures, SLOWEST_MS);
    this.timer = setTimeout(() => this.look(), pause * (0.75 + Math.random() / 2));
  }

  async look() {
    clearTimeout(this.timer);
    if (document.hidden) return;
    try {
      const answer = await fetch(this.place.dataset.live, {
        credentials: "omit", signal: AbortSignal.timeout(SLOWEST_MS),
      });
      if (!answer.ok) throw new Error(String(answer.status));
      this.failures = 0;
      this.take(await answer.text());
    } catch {
      this.failures += 1;
    }
    this.mark();
    this.wait();
  }

  take(text) {
    const found = document.createElement("template");
    found.innerHTML = text;
    const fresh = found.content.querySelector("[data-at]");
    const shown = this.shown;
    if (!fresh || (shown && Number(fresh.dataset.at) <= Number(shown.dataset.at))) return;
    const [before, after] = [shown, fresh].map((each) => JSON.parse(each?.dataset.numbers ?? "{}"));
    this.movedAt = performance.now();
    this.place.replaceChildren(found.content);
    if (JSON.stringify(before) !== JSON.stringify(after)) {
      this.place.dispatchEvent(new CustomEvent("jusha:numbers", { detail: { before, after } }));
    }
  }

  /** Say that the numbers stand still, once they have for a while that somebody looked. */
  mark() {
    const stopped = performance.now() - this.movedAt > STOPPED_MS;
    const words = this.place.querySelector("[data-stopped]");
    if (words) words.hidden = !stopped;
  }
}

document.querySelectorAll("[data-live]").forEach((place) => new Live(place));
