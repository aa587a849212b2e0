// The big screen: one stream from the door, which sends a part whenever its file changed. Where no
// stream comes, the same files are polled. Without this file the page loads itself anew.
const POLL_MS = 2000;
const SILENT_MS = 15000;
const AGAIN_MS = 30000;
const STOPPED_MS = 15000;

class Part {
  constructor(place) {
    this.place = place;
    this.movedAt = performance.now();
  }

  take(text) {
    const found = document.createElement("template");
    found.innerHTML = text;
    const fresh = found.content.querySelector("[data-at]");
    const shown = this.place.querySelector("[data-at]");
    if (!fresh || (shown && Number(fresh.dataset.at) <= Number(shown.dataset.at))) return;
    this.movedAt = performance.now();
    this.place.replaceChildren(found.content);
  }

  async poll() {
    try {
      const answer = await fetch(this.place.dataset.live, { credentials: "omit" });
      if (answer.ok) this.take(await answer.text());
    } catch {
      // The next round asks again; what stands says as of when it is.
    }
  }

  mark() {
    const words = this.place.querySelector("[data-stopped]");
    if (words) words.hidden = performance.now() - this.movedAt <= STOPPED_MS;
  }
}

class Screen {
  constructor(main) {
    this.parts = new Map(
      [...main.querySelectorAll("[data-event]")].map((place) => [place.dataset.event, new Part(place)]),
    );
    this.address = main.dataset.stream;
    this.heardAt = 0;
    this.openedAt = -AGAIN_MS;
    this.source = null;
    this.round();
    setInterval(() => this.round(), POLL_MS);
  }

  open() {
    this.openedAt = performance.now();
    this.source?.close();
    this.source = new EventSource(this.address);
    for (const [name, part] of this.parts) {
      this.source.addEventListener(name, (event) => {
        this.heardAt = performance.now();
        part.take(event.data);
      });
    }
    this.source.addEventListener("error", () => {
      this.source?.close();
      this.source = null;
    });
  }

  round() {
    const now = performance.now();
    const silent = now - this.heardAt > SILENT_MS || !this.heardAt;
    if ((!this.source || silent) && now - this.openedAt > AGAIN_MS) this.open();
    if (!this.source || silent) for (const part of this.parts.values()) part.poll();
    for (const part of this.parts.values()) part.mark();
    document.documentElement.dataset.by = silent ? "polling" : "stream";
  }
}

document.querySelectorAll("[data-stream]").forEach((main) => new Screen(main));
