// New deeds fall as grains and settle where the tower grows next. Without this file, or where
// motion is not wanted, the tower stands still and the number beside it says the same.
const SVG = "http://www.w3.org/2000/svg";
const FALLING_MAX = 24;
const SETTLED_MS = 900;
const APART_MS = 140;
const NEWEST = 5;
const still = matchMedia("(prefers-reduced-motion: reduce)");

/** The grains of a path, in the order in which they gather. */
const grainsOf = (path) => path.getAttribute("d").match(/M[^M]+/g) ?? [];

class Field {
  constructor(svg) {
    this.svg = svg;
    this.one = Number(svg.dataset.one);
    this.deeds = Number(svg.dataset.deeds);
    this.told = svg.querySelector("desc");
    this.ghost = svg.querySelector(".grain-ghost");
    this.fresh = svg.querySelector(".grain-new");
    this.sand = [1, 2, 3].map((tone) => svg.querySelector(`.grain-${tone}`));
    this.paused = false;
    if (!still.matches) this.offerPause();
  }

  /** What moves by itself for long can be stopped (WCAG 2.2.2). */
  offerPause() {
    const button = this.svg.parentElement.querySelector("button");
    button.classList.add("is-offered");
    button.addEventListener("click", () => {
      this.paused = !this.paused;
      button.setAttribute("aria-pressed", String(this.paused));
    });
  }

  grow(deeds) {
    if (!(deeds > this.deeds)) return;
    const waiting = grainsOf(this.ghost);
    const due = Math.floor(deeds / this.one) - Math.floor(this.deeds / this.one);
    const falling = waiting.slice(0, due);
    this.say(deeds);
    this.deeds = deeds;
    this.ghost.setAttribute("d", waiting.slice(due).join(""));
    const quiet = this.paused || still.matches || document.hidden || due > FALLING_MAX;
    falling.forEach((grain, place) => (quiet ? this.settle(grain) : this.fall(grain, place)));
  }

  fall(grain, place) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", grain);
    path.setAttribute("class", "grain-new");
    this.svg.append(path);
    const above = Number(grain.match(/ (-?\d+)h/)[1]) + 24;
    const down = path.animate(
      [{ transform: `translateY(${-above}px)`, opacity: 0 }, { opacity: 1, offset: 0.15 },
        { transform: "none", opacity: 1 }],
      { duration: SETTLED_MS, delay: place * APART_MS, easing: "cubic-bezier(.5,0,.9,.6)", fill: "backwards" },
    );
    down.finished.finally(() => {
      path.remove();
      this.settle(grain);
    });
  }

  /** The newest few stay in cinnabar; older ones become sand. */
  settle(grain) {
    const newest = [...grainsOf(this.fresh), grain];
    const old = newest.splice(0, Math.max(newest.length - NEWEST, 0));
    this.fresh.setAttribute("d", newest.join(""));
    old.forEach((each, place) => {
      const tone = this.sand[(this.deeds + place) % this.sand.length];
      tone.setAttribute("d", tone.getAttribute("d") + each);
    });
  }

  say(deeds) {
    const text = (number) => number.toLocaleString("en-US");
    this.told.textContent = this.told.textContent.replace(text(this.deeds), text(deeds));
  }
}

const svg = document.getElementById("field");
if (svg) {
  const field = new Field(svg);
  document.querySelectorAll("[data-live]").forEach((place) => {
    place.addEventListener("jusha:numbers", () => {
      const shown = place.querySelector("[data-deeds]");
      if (shown) field.grow(Number(shown.dataset.deeds));
    });
  });
}
