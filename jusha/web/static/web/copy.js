// Copies an address or a key, and says so beside the button; what it said stays to be read.
document.querySelectorAll("[data-copy]").forEach((place) => {
  if (!navigator.clipboard) return;
  const told = place.querySelector("[role=status]");
  place.hidden = false;
  place.querySelector("button").addEventListener("click", async () => {
    await navigator.clipboard.writeText(place.dataset.copy);
    told.textContent = "";
    requestAnimationFrame(() => { told.textContent = `${place.dataset.done}：${place.dataset.copy}`; });
  });
});
