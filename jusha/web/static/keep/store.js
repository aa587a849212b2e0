// What this browser keeps: receipts, the newest checkpoint it has seen, and whose signatures it
// believes. All of it stays in localStorage; a browser that refuses that keeps nothing.

const KEY = "jusha.kept.v1";
export const RECEIPTS_MAX = 20;
const TROUBLES_MAX = 20;

function empty() {
  return { on: true, receipts: [], seen: null, trust: null, troubles: [], looked: 0 };
}

/** Everything kept; null where the browser does not let this site keep anything. */
export function load() {
  let text;
  try {
    text = localStorage.getItem(KEY);
  } catch {
    return null;
  }
  try {
    const found = JSON.parse(text ?? "{}");
    if (!Array.isArray(found.receipts ?? []) || !Array.isArray(found.troubles ?? [])) return empty();
    return { ...empty(), ...found };
  } catch {
    return empty();
  }
}

/** Change what is kept, reading it anew: another tab may have written. False where refused. */
export function update(change) {
  const state = load();
  if (state === null) return false;
  change(state);
  state.receipts = state.receipts.slice(0, RECEIPTS_MAX);
  state.troubles = state.troubles.slice(0, TROUBLES_MAX);
  try {
    localStorage.setItem(KEY, JSON.stringify(state));
    return true;
  } catch {
    return false;
  }
}

/** Put a receipt first; the oldest falls out past RECEIPTS_MAX. */
export function keep(number, text) {
  return update((state) => {
    if (!state.on) return;
    const others = state.receipts.filter((each) => each.n !== number);
    state.receipts = [{ n: number, text, kept: Date.now(), result: null }, ...others];
  });
}

/** Note what went wrong, once a kind and pair of trees. */
export function addTrouble(state, trouble) {
  const isSame = (each) => each.kind === trouble.kind && each.n === trouble.n
    && each.older === trouble.older;
  if (!state.troubles.some(isSame)) state.troubles.unshift({ ...trouble, at: Date.now() });
}
